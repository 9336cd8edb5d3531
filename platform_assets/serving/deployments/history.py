"""Deployments as the kept moves of a live pointer tell them: each begins with one move and ends with a later one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.live_pointer import LivePointer, LiveRollout
from platform_assets.inference.pointer_moves import PointerMove
from platform_assets.serving.deployments.wire import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One release on its way, in force, or out again; `last` is the move that ended it."""

    deployment_id: str
    begun: PointerMove
    release_id: str
    phase: Phase
    rollout: LiveRollout | None = None
    last: PointerMove | None = None


def deployments(moves: Sequence[PointerMove], live: LivePointer) -> list[Deployment]:
    """Return the deployments that began in some moves, the oldest first.

    The moves are in order and end with the pointer in force. Where the move before the first is missing, that first
    one counts as a beginning. Raises ModelUnusableError for a move that other code has written.
    """
    pointers = [_pointer_after(move) for move in moves]
    told = list(zip(moves, pointers, strict=True))
    before = [None, *pointers]
    found = [
        _course_of(move, pointer, told[place + 1 :])
        for place, (move, pointer) in enumerate(told)
        if _begins(move, pointer, before[place])
    ]
    latest = {each.release_id: each for each in found}
    kept = {one.release_id for one in live.kept}
    return [
        replace(each, phase="kept")
        if each.phase == "replaced" and each.release_id in kept and latest[each.release_id] is each
        else each
        for each in found
    ]


def share_of(found: Deployment, live: LivePointer) -> float:
    """Return the part of the traffic in [0, 1] that a deployment answers now."""
    candidates = live.rollout.share if live.rollout else 0.0
    if found.phase == "rolling_out":
        return candidates
    return 1.0 - candidates if found.phase == "in_force" else 0.0


def deployment_id(product: str, release_id: str, sequence: int) -> str:
    """Return the id of the deployment that began with a move; a rollout has the same."""
    return f"{product}-{release_id}-{sequence}"


def _pointer_after(move: PointerMove) -> LivePointer:
    try:
        return msgspec.convert(move.pointer, LivePointer)
    except msgspec.ValidationError as error:
        raise ModelUnusableError(file=f"move {move.sequence} of {move.product}", problem=str(error)) from error


def _begins(move: PointerMove, now: LivePointer, before: LivePointer | None) -> bool:
    if move.cause.kind == "rollout_begun":
        return True
    is_new = before is None or now.release_id != before.release_id
    is_arrival = before is not None and before.rollout is not None and move.cause.kind == "rollout_completed"
    return is_new and not is_arrival and move.cause.kind in {"moved", "rollout_completed"}


def _course_of(begun: PointerMove, first: LivePointer, later: Sequence[tuple[PointerMove, LivePointer]]) -> Deployment:
    rollout = first.rollout
    release_id = rollout.release_id if rollout else first.release_id
    found = Deployment(
        deployment_id=rollout.rollout_id if rollout else deployment_id(begun.product, release_id, begun.sequence),
        begun=begun,
        release_id=release_id,
        phase="rolling_out" if rollout else "in_force",
        rollout=rollout,
    )
    for move, pointer in later:
        found = _after(found, move, pointer)
        if found.last is not None:
            break
    return found


def _after(found: Deployment, move: PointerMove, pointer: LivePointer) -> Deployment:
    """Return a deployment that has not ended as it stands after one more move."""
    if pointer.release_id == found.release_id:
        return replace(found, phase="in_force")
    if found.phase == "in_force":
        return replace(found, phase="replaced", last=move)
    if pointer.rollout is not None and pointer.rollout.rollout_id == found.deployment_id:
        return replace(found, rollout=pointer.rollout)
    return replace(found, phase="rolled_back", last=move)
