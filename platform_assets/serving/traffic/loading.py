"""What a live pointer names besides its control is loaded: the candidate, and the releases that are kept."""

import datetime as dt
import logging
from collections.abc import Callable
from types import MappingProxyType

from platform_assets.contract.versions import earlier_version
from platform_assets.errors import ModelUnusableError, PlatformError
from platform_assets.inference.live_pointer import KeptRelease, LivePointer
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.traffic.split import Candidate, Kept, Split

# Each costs the memory of a model; whoever promotes many times a day goes further back by a rollback.
MOST_KEPT = 5
LOG = logging.getLogger("platform.serving.traffic")

# Returns a release by its id, None for one that is batch only; raises PlatformError or OSError.
Obtain = Callable[[str], LiveRelease | None]


def load_split(
    pointer: LivePointer, control: LiveRelease, obtain: Obtain, *, at: dt.datetime, with_candidate: bool
) -> Split | None:
    """Return who may answer besides the control; None where nobody may.

    Raises what `obtain` raises for a candidate that cannot be loaded, ModelUnusableError for one that is batch only. A
    kept release that cannot be loaded is left out.
    """
    candidate = _candidate(pointer, obtain) if with_candidate else None
    kept = MappingProxyType(dict(_kept(pointer, control, obtain, at)))
    if candidate is None and not kept and pointer.off is None:
        return None
    return Split(control=control, candidate=candidate, kept=kept, off=pointer.off)


def is_outdated(split: Split | None, at: dt.datetime) -> bool:
    """Tell whether a split holds a release that is kept no more."""
    return split is not None and any(one.until <= at for one in split.kept.values())


def _candidate(pointer: LivePointer, obtain: Obtain) -> Candidate | None:
    rollout = pointer.rollout
    if rollout is None:
        return None
    live = obtain(rollout.release_id)
    if live is None:
        raise ModelUnusableError(file="product.json", problem="it has no online block, and its control has one")
    return Candidate(live, rollout, rollout.share)


def _kept(pointer: LivePointer, control: LiveRelease, obtain: Obtain, at: dt.datetime) -> "list[tuple[str, Kept]]":
    wanted = sorted((one for one in pointer.kept if one.until > at), key=lambda one: one.until)
    promised = [one for one in wanted if one.contract_version is not None]  # to consumers: not one is left out
    found = []
    for one in (*promised, *[one for one in wanted if one.contract_version is None][-MOST_KEPT:]):
        try:
            live = obtain(one.release_id)
        except (PlatformError, OSError) as error:
            LOG.warning("release %s is kept and cannot be loaded: %s", one.release_id, error)
            continue
        if live is not None:
            found.append((one.release_id, _kept_as(one, live, control, at)))
    return found


def _kept_as(one: KeptRelease, live: LiveRelease, control: LiveRelease, at: dt.datetime) -> Kept:
    told = None
    if one.contract_version is not None:
        told = earlier_version(control.release.earlier_versions, one.contract_version)
    if told is None or told.sunset_at <= at:  # its version is gone, and the way back to it is not
        return Kept(live, _deprecated_at(one, control), one.until)
    return Kept(live, told.deprecated_at, told.sunset_at, told)


def _deprecated_at(one: KeptRelease, control: LiveRelease) -> dt.datetime:
    """Return since when a release is deprecated: the plan of the one that took its place says how long it is kept."""
    online = control.product.online
    return one.until - dt.timedelta(hours=online.rollout.keep_old_hours if online else 0.0)
