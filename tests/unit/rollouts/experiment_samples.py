"""Experiments over made-up releases of a product."""

import datetime as dt
from pathlib import Path

import msgspec

from platform_assets.contract.experiments import Experiment, Metric, Variant
from platform_assets.inference.live_pointer import move_live
from platform_assets.inference.release import Release, content_id, write_release
from platform_assets.rollouts.moves import Pointers, Word

PRODUCT = "churn"
AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def word(reason: str = "to see whether it is better", *, minutes: int = 0) -> Word:
    return Word(by="ada", at=AT + dt.timedelta(minutes=minutes), reason=reason)


def comparison(**changes: object) -> Experiment:
    experiment = Experiment(
        id="newer-model",
        product=PRODUCT,
        unit="entity",
        variants=(
            Variant(name="control", release="live", share=0.5),
            Variant(name="treatment", release="v2", share=0.5),
        ),
        metrics=(Metric(name="error_rate", margin=0.002),),
        min_units=50,
    )
    return msgspec.structs.replace(experiment, **changes)


def stored_release(releases_dir: Path, model_version: int) -> Release:
    """Store a release of that model version; there is no bundle to it."""
    release = Release(
        release_id="",
        product=PRODUCT,
        model_version=model_version,
        bundle_path=f"bundles/{PRODUCT}/{model_version}",
        bundle_digest="d" * 64,
        contract_version=1,
        feature_service=f"{PRODUCT}_v1",
        fallbacks=("skip_action",),
        default_score=0.5,
        created_at=AT,
        reason="test",
    )
    release = msgspec.structs.replace(release, release_id=content_id(release))
    write_release(releases_dir, release, fsync=False)
    return release


def two_releases(releases_dir: Path) -> tuple[Pointers, Release, Release]:
    """Store two releases, the first of them in force."""
    first, second = (stored_release(releases_dir, version) for version in (1, 2))
    move_live(releases_dir, PRODUCT, expected_sequence=0, release_id=first.release_id, moved_at=AT, fsync=False)
    return Pointers(releases_dir=releases_dir, fsync=False), first, second
