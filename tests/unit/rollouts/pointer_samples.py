"""Stored releases, a short plan and the pointers that tests of rollouts begin with."""

import datetime as dt
from pathlib import Path

import msgspec

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.release import Release, content_id, write_release
from platform_assets.rollouts.moves import Word

PRODUCT = "churn"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
PLAN = RolloutPlan(
    own_steps=(
        Step(name="shadow", share=0.0, hours=1.0),
        Step(name="half", share=0.5, hours=1.0),
        Step(name="all", share=1.0, hours=0.0),
    ),
    keep_old_hours=24.0,
)
AT_ONCE = RolloutPlan(strategy="instant", keep_old_hours=24.0)


def release_of(number: int, product: str = PRODUCT) -> Release:
    """Return a release that differs from others by its number."""
    nameless = Release(
        release_id="",
        product=product,
        model_version=number,
        bundle_path=f"bundles/{product}/{number}",
        bundle_digest=f"{number:064x}",
        contract_version=1,
        feature_service=f"{product}_v1",
        fallbacks=("default_score",),
        default_score=0.5,
        created_at=NOON,
        reason=f"number {number}",
    )
    return msgspec.structs.replace(nameless, release_id=content_id(nameless))


def stored(releases_dir: Path, count: int) -> list[str]:
    """Store so many releases and return their ids; none is in force."""
    releases = [release_of(number) for number in range(1, count + 1)]
    for release in releases:
        write_release(releases_dir, release, fsync=False)
    return [release.release_id for release in releases]


def word(*, hours: float = 0.0, by: str = "ann", reason: str = "it is time") -> Word:
    """Return a word given so many hours after noon."""
    return Word(by=by, at=NOON + dt.timedelta(hours=hours), reason=reason)


def in_force(releases_dir: Path) -> LivePointer:
    """Return the pointer on disk, which has to be there."""
    live = read_live(releases_dir, PRODUCT)
    assert live is not None
    return live
