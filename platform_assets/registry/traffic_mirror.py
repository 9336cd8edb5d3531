"""The kept moves of a live pointer in the ledger: each once, with its cause, however late and however often asked."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.inference.live_pointer import BY_NOBODY, LivePointer
from platform_assets.inference.pointer_moves import Cause, PointerMove, read_moves
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.releases import live_pointer, move_pointer
from platform_assets.ledger.traffic_moves import TrafficMove, last_traffic_sequence, record_traffic_move
from platform_assets.settings import Settings


def mirror_moves(settings: Settings, ledger: Ledger, product: str, live: LivePointer, *, untold: Cause) -> None:
    """Record every kept move up to the pointer in force that the ledger does not have, at its own instant.

    `untold` gives the word and the reason of moves that were made without. Raises UnknownRecordError for a release
    that was never recorded, LedgerUnavailableError.
    """
    with ledger.transaction():
        after = last_traffic_sequence(ledger, product)
        for move in told_moves(settings, product, live, after=after):
            told = _with_word(move, untold)
            record_traffic_move(ledger, told)
            _record_release(ledger, told)


def told_moves(settings: Settings, product: str, live: LivePointer, *, after: int = 0) -> Iterator[TrafficMove]:
    """Yield the kept moves after a sequence, oldest first, as the ledger records them; needs no ledger."""
    # With the one before: what ended or was completed is in the pointer that a move left behind.
    kept = read_moves(settings.releases_dir, product, after=max(after - 1, 0), up_to=live.sequence)
    for before, move in pairwise((None, *kept)):
        if move is not None and move.sequence > after:
            yield _told(move, before)


class _Rollout(msgspec.Struct):
    rollout_id: str
    release_id: str
    step_name: str
    plan: RolloutPlan

    @property
    def share(self) -> float:
        return next(step.share for step in self.plan.steps if step.name == self.step_name)


class _Pointer(msgspec.Struct):
    """The part of a kept pointer that a record tells; later versions may keep more."""

    release_id: str
    rollout: _Rollout | None = None


def _told(move: PointerMove, before: PointerMove | None) -> TrafficMove:
    pointer = msgspec.convert(move.pointer, _Pointer)
    left = msgspec.convert(before.pointer, _Pointer).rollout if before is not None else None
    rollout = pointer.rollout or left
    return TrafficMove(
        product=move.product,
        sequence=move.sequence,
        kind=move.cause.kind,
        release_id=pointer.release_id,
        candidate=rollout.release_id if rollout else None,
        rollout_id=rollout.rollout_id if rollout else None,
        step=rollout.step_name if rollout else None,
        share=pointer.rollout.share if pointer.rollout else None,
        moved_at=move.at,
        moved_by=move.cause.by,
        reason=move.cause.reason,
        evidence=move.cause.evidence,
    )


def _with_word(move: TrafficMove, untold: Cause) -> TrafficMove:
    if (move.moved_by, move.reason) != (BY_NOBODY.by, BY_NOBODY.reason):
        return move
    return msgspec.structs.replace(move, moved_by=untold.by, reason=untold.reason)


def _record_release(ledger: Ledger, move: TrafficMove) -> None:
    """Let the ledger's own pointer follow a move that brought another release into force."""
    known = live_pointer(ledger, move.product)
    move_pointer(
        ledger,
        move.product,
        expected=known.release_id if known else None,
        release_id=move.release_id,
        moved_at=move.moved_at,
        moved_by=move.moved_by,
        reason=move.reason,
    )
