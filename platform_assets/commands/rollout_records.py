"""Who answers the traffic of each product, from its live pointer and the files that every move leaves behind."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import KeptRelease, LivePointer, SwitchedOff, read_live
from platform_assets.inference.release import read_release
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.traffic_moves import TrafficMove
    from platform_assets.orchestration.rollout_decision import Judged


class OnItsWay(msgspec.Struct, frozen=True, kw_only=True):
    """A release that gets the traffic step by step; `steps` are the names of all, in order."""

    rollout_id: str
    release_id: str
    model_version: int
    step: str
    share: float
    step_since: dt.datetime
    since: dt.datetime
    steps: tuple[str, ...]
    strategy: str


class TrafficLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for one product now; `kept` releases are deprecated and stay loaded."""

    product: str
    release_id: str | None
    model_version: int | None
    sequence: int
    candidate: OnItsWay | None
    kept: tuple[KeptRelease, ...]
    off: SwitchedOff | None


class TrafficDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One product with what the driver would do now, and why; `next_step` is None without a rollout."""

    traffic: TrafficLine
    next_step: "Judged | None"


class MovedTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic after a move by hand; `records_problem` says what ledger or MLflow do not tell yet."""

    traffic: TrafficLine
    records_problem: str | None


def traffic_lines(settings: Settings, products: Sequence[Product]) -> list[TrafficLine]:
    """Return the traffic of the products that are served online."""
    return [
        traffic_line(settings, product.name, read_live(settings.releases_dir, product.name))
        for product in products
        if product.online is not None
    ]


def traffic_line(settings: Settings, product: str, live: LivePointer | None) -> TrafficLine:
    """Return the traffic that a live pointer tells."""
    return TrafficLine(
        product=product,
        release_id=live.release_id if live else None,
        model_version=_version(settings, product, live.release_id) if live else None,
        sequence=live.sequence if live else 0,
        candidate=_candidate(settings, product, live) if live else None,
        kept=live.kept if live else (),
        off=live.off if live else None,
    )


def traffic_details(settings: Settings, product: Product, at: dt.datetime) -> TrafficDetails:
    """Return the traffic of a product and what follows; asks the running endpoint. Raises NoReleaseError."""
    from platform_assets.orchestration.rollout_driver import look

    looked = look(settings, product, at)
    return TrafficDetails(traffic=traffic_line(settings, product.name, looked.live), next_step=looked.judged)


def traffic_history(settings: Settings, product: str) -> "list[TrafficMove]":
    """Return every kept move, oldest first, also where no ledger is."""
    from platform_assets.registry.traffic_mirror import told_moves

    live = read_live(settings.releases_dir, product)
    return list(told_moves(settings, product, live)) if live else []


def _candidate(settings: Settings, product: str, live: LivePointer) -> OnItsWay | None:
    rollout = live.rollout
    if rollout is None:
        return None
    return OnItsWay(
        rollout_id=rollout.rollout_id,
        release_id=rollout.release_id,
        model_version=_version(settings, product, rollout.release_id),
        step=rollout.step_name,
        share=rollout.share,
        step_since=rollout.step_since,
        since=rollout.since,
        steps=tuple(step.name for step in rollout.plan.steps),
        strategy=rollout.plan.strategy,
    )


def _version(settings: Settings, product: str, release_id: str) -> int:
    return read_release(settings.releases_dir, product, release_id).model_version
