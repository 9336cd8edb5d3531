"""Rollouts on disk: each move reads the live pointer, derives the next one and puts it by compare-and-set.

Whoever moves (a Dagster run, a person, the deploy API, the endpoint at a hard limit) calls the same functions. None of
them needs the ledger or MLflow: the kept moves tell both later what happened. What gives a release more traffic is
refused while promotions are held; what takes it away, or goes back to an older one, never is.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import NoReleaseError, RolloutStateError
from platform_assets.inference.live_pointer import LivePointer, put_live, read_live
from platform_assets.inference.pointer_moves import Cause, MoveKind
from platform_assets.rollouts import course
from platform_assets.rollouts.held import require_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """Where the live pointers lie."""

    releases_dir: Path
    fsync: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """On whose word something moves, when (UTC), why, and on which evidence."""

    by: str
    at: dt.datetime
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def begin(pointers: Pointers, product: str, *, release_id: str, plan: RolloutPlan, word: Word) -> LivePointer:
    """Put a release into the first step of a plan; of a plan with one step, in force at once.

    Raises NoReleaseError for a product without a release in force or a release that is not stored,
    AlreadyInForceError, RolloutStateError while another rollout is under way, PromotionHeldError, ReleaseConflictError.
    """
    live = _live(pointers, product)
    require_way(pointers.releases_dir, product, live, release_id, at=word.at)
    # The sequence makes the second rollout of the same release another one: it is tried on other units.
    rollout_id = f"{product}-{release_id}-{live.sequence + 1}"
    wanted = course.begun(product, live, release_id=release_id, plan=plan, rollout_id=rollout_id, at=word.at)
    if len(plan.steps) == 1:
        wanted = msgspec.structs.replace(course.completed(product, wanted, at=word.at), sequence=wanted.sequence)
        return _put(pointers, product, wanted, "rollout_completed", word)
    return _put(pointers, product, wanted, "rollout_begun", word)


def advance(pointers: Pointers, product: str, *, rollout_id: str, from_step: str, word: Word) -> LivePointer:
    """Put a rollout into the step after `from_step`; raises RolloutStateError when it is not there any more.

    Raises PromotionHeldError.
    """
    _require_way(pointers, product, word.at)
    return _step(pointers, product, rollout_id, from_step, course.advanced, "rollout_advanced", word)


def complete(pointers: Pointers, product: str, *, rollout_id: str, from_step: str, word: Word) -> LivePointer:
    """Put the candidate in force; raises RolloutStateError when the rollout is not in its last step `from_step`.

    Raises PromotionHeldError.
    """
    _require_way(pointers, product, word.at)
    return _step(pointers, product, rollout_id, from_step, course.completed, "rollout_completed", word)


def end(pointers: Pointers, product: str, *, rollout_id: str, word: Word) -> LivePointer:
    """Take the candidate out, in whatever step it is; raises RolloutStateError when that rollout has ended already."""
    return _step(pointers, product, rollout_id, None, course.ended, "rollout_ended", word)


def switch_off(pointers: Pointers, product: str, word: Word) -> LivePointer:
    """Let the fallbacks of a product answer from now on; raises RolloutStateError when they do already."""
    live = _live(pointers, product)
    wanted = course.switched_off(product, live, at=word.at, by=word.by, reason=word.reason)
    return _put(pointers, product, wanted, "switched_off", word)


def switch_on(pointers: Pointers, product: str, word: Word) -> LivePointer:
    """Let the model of a product answer again; raises RolloutStateError when it does already."""
    return _put(
        pointers, product, course.switched_on(product, _live(pointers, product), at=word.at), "switched_on", word
    )


def _step(
    pointers: Pointers,
    product: str,
    rollout_id: str,
    from_step: str | None,
    transition: "Callable[..., LivePointer]",
    kind: MoveKind,
    word: Word,
) -> LivePointer:
    live = _live(pointers, product)
    rollout = course.require_rollout(product, live)
    if rollout.rollout_id != rollout_id or from_step not in {None, rollout.step_name}:
        wanted = rollout_id if from_step is None else f"{rollout_id} in step {from_step}"
        problem = f"rollout {rollout.rollout_id} in step {rollout.step_name} is under way, not {wanted}"
        raise RolloutStateError(product=product, problem=problem)
    return _put(pointers, product, transition(product, live, at=word.at), kind, word)


def _require_way(pointers: Pointers, product: str, at: dt.datetime) -> None:
    live = _live(pointers, product)
    if live.rollout is not None:
        require_way(pointers.releases_dir, product, live, live.rollout.release_id, at=at)


def _live(pointers: Pointers, product: str) -> LivePointer:
    live = read_live(pointers.releases_dir, product)
    if live is None:
        raise NoReleaseError(product=product)
    return live


def _put(pointers: Pointers, product: str, wanted: LivePointer, kind: MoveKind, word: Word) -> LivePointer:
    cause = Cause(kind=kind, by=word.by, reason=word.reason, evidence=dict(word.evidence))
    return put_live(pointers.releases_dir, product, wanted, cause, fsync=pointers.fsync)
