"""The moves of a rollout as pure functions from one live pointer to the next; none of them touches a disk."""

import datetime as dt

import msgspec

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.contract.rollout_rules import broken_plan_rules
from platform_assets.errors import AlreadyInForceError, RolloutStateError
from platform_assets.inference.live_pointer import KeptRelease, LivePointer, LiveRollout, SwitchedOff


def begun(
    product: str, live: LivePointer, *, release_id: str, plan: RolloutPlan, rollout_id: str, at: dt.datetime
) -> LivePointer:
    """Return the pointer with a release in the first step of its plan.

    Raises AlreadyInForceError for the release in force, RolloutStateError while another one is under way and for a plan
    that contradicts itself.
    """
    for place, broken, remedy in broken_plan_rules(plan):
        raise RolloutStateError(product=product, problem=f"{place} of the plan is wrong: {broken}. {remedy}")
    if live.rollout is not None:
        problem = f"release {live.rollout.release_id} is in step {live.rollout.step_name}; end that rollout first"
        raise RolloutStateError(product=product, problem=problem)
    if live.release_id == release_id:
        raise AlreadyInForceError(product=product, release=release_id, snapshot=None)
    rollout = LiveRollout(
        rollout_id=rollout_id,
        release_id=release_id,
        plan=plan,
        step_name=plan.steps[0].name,
        step_since=at,
        since=at,
    )
    return _next(live, at, rollout=rollout)


def advanced(product: str, live: LivePointer, *, at: dt.datetime) -> LivePointer:
    """Return the pointer with its rollout in the next step; raises RolloutStateError when there is none."""
    rollout = require_rollout(product, live)
    following = rollout.plan.after(rollout.step)
    if following is None:
        raise RolloutStateError(product=product, problem=f"{rollout.step_name} is the last step; complete it instead")
    step = msgspec.structs.replace(rollout, step_name=following.name, step_since=at)
    return _next(live, at, rollout=step)


def completed(product: str, live: LivePointer, *, at: dt.datetime) -> LivePointer:
    """Return the pointer with the candidate in force and the release before kept; raises RolloutStateError.

    Only the last step, in which the candidate has all of the traffic, can be completed.
    """
    rollout = require_rollout(product, live)
    if rollout.plan.after(rollout.step) is not None:
        raise RolloutStateError(product=product, problem=f"{rollout.step_name} is not the last step of its plan")
    until = at + dt.timedelta(hours=rollout.plan.keep_old_hours)
    kept = (
        *(one for one in live.kept if one.release_id != rollout.release_id),
        KeptRelease(release_id=live.release_id, until=until),
    )
    return msgspec.structs.replace(_next(live, at, rollout=None, kept=kept), release_id=rollout.release_id)


def ended(product: str, live: LivePointer, *, at: dt.datetime) -> LivePointer:
    """Return the pointer without its rollout: the release before answers everything. Raises RolloutStateError."""
    require_rollout(product, live)
    return _next(live, at, rollout=None)


def switched_off(product: str, live: LivePointer, *, at: dt.datetime, by: str, reason: str) -> LivePointer:
    """Return the pointer of a product whose fallbacks answer; raises RolloutStateError when it is off already."""
    if live.off is not None:
        since = live.off.at.isoformat(timespec="seconds")
        problem = f"it is off since {since} by {live.off.by}: {live.off.reason}"
        raise RolloutStateError(product=product, problem=problem)
    return _next(live, at, rollout=live.rollout, off=SwitchedOff(at=at, by=by, reason=reason))


def switched_on(product: str, live: LivePointer, *, at: dt.datetime) -> LivePointer:
    """Return the pointer of a product whose model answers again; raises RolloutStateError when it is on already."""
    if live.off is None:
        raise RolloutStateError(product=product, problem="it is not switched off")
    return msgspec.structs.replace(_next(live, at, rollout=live.rollout), off=None)


def require_rollout(product: str, live: LivePointer) -> LiveRollout:
    """Return the rollout that is under way; raises RolloutStateError when there is none."""
    if live.rollout is None:
        raise RolloutStateError(product=product, problem="no rollout is under way")
    return live.rollout


def _next(
    live: LivePointer,
    at: dt.datetime,
    *,
    rollout: LiveRollout | None,
    kept: tuple[KeptRelease, ...] | None = None,
    off: SwitchedOff | None = None,
) -> LivePointer:
    still_kept = tuple(one for one in (live.kept if kept is None else kept) if one.until > at)
    return LivePointer(
        release_id=live.release_id,
        sequence=live.sequence + 1,
        moved_at=at,
        rollout=rollout,
        kept=still_kept,
        off=off or live.off,
    )
