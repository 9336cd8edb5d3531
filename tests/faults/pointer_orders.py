"""Carries orders out on disk as people, runs and endpoints do, and reads back what they left there."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from platform_assets.errors import PlatformError, ReleaseConflictError
from platform_assets.inference import live_pointer
from platform_assets.inference.live_pointer import LivePointer, move_live, put_live, read_live
from platform_assets.inference.pointer_moves import Cause, read_moves
from platform_assets.inference.release import read_release
from platform_assets.rollouts import moves
from platform_assets.rollouts.moves import Pointers, Word
from tests.faults.pointer_model import Expected, Order, Refusal, told_by
from tests.unit.rollouts.pointer_samples import PRODUCT


@dataclass(frozen=True)
class OnDisk:
    """The pointer of one product in a directory of releases."""

    releases_dir: Path

    def carry_out(self, order: Order, at: dt.datetime) -> LivePointer:
        """Move as the order says; raises as the platform does."""
        pointers = Pointers(releases_dir=self.releases_dir, fsync=True)
        word = Word(by=order.by, at=at, reason="a test", evidence={"of": order.by})
        if order.kind == "begin":
            return moves.begin(pointers, PRODUCT, release_id=order.release, plan=order.plan, word=word)
        if order.kind in {"switch_off", "switch_on"}:
            return (moves.switch_off if order.kind == "switch_off" else moves.switch_on)(pointers, PRODUCT, word)
        live = read_live(self.releases_dir, PRODUCT)
        if order.kind == "roll_back":
            return self._roll_back(order, live, at)
        rollout_id, step = self._trial(live, late=order.late)
        if order.kind == "end":
            return moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=word)
        move = moves.advance if order.kind == "advance" else moves.complete
        return move(pointers, PRODUCT, rollout_id=rollout_id, from_step=step, word=word)

    def refusal(self, order: Order, at: dt.datetime) -> Refusal | None:
        """Carry an order out and return how it was refused, None when it was not."""
        try:
            self.carry_out(order, at)
        except PlatformError as error:
            return type(error)
        return None

    def race(self, orders: tuple[Order, Order], at: dt.datetime) -> list[Refusal | None]:
        """Carry two orders out that are both decided on the same view before either moves; return their refusals."""
        both_decided = threading.Barrier(2)

        def put(*arguments: object, **named: object) -> LivePointer:
            both_decided.wait(timeout=30)
            return put_live(*arguments, **named)  # type: ignore[arg-type]  # as they came

        with (
            mock.patch.object(moves, "put_live", put),
            mock.patch.object(live_pointer, "put_live", put),
            ThreadPoolExecutor(2) as pool,
        ):
            return list(pool.map(lambda order: self.refusal(order, at), orders))

    def state(self) -> Expected:
        """Return what is on disk; every release that it names is there whole, every move tells the pointer after it."""
        live = read_live(self.releases_dir, PRODUCT)
        sequence = live.sequence if live else 0
        told = read_moves(self.releases_dir, PRODUCT, up_to=sequence)
        assert [move.sequence for move in told] == list(range(1, sequence + 1))
        assert all(move.cause.evidence == {"of": move.cause.by} for move in told)
        if live is not None:
            assert (told[-1].pointer["release_id"], told[-1].pointer["sequence"]) == (live.release_id, sequence)
            named = {live.release_id, *(one.release_id for one in live.kept)}
            for release_id in named | ({live.rollout.release_id} if live.rollout else set()):
                read_release(self.releases_dir, PRODUCT, release_id)
        return told_by(live, tuple((move.cause.kind, move.cause.by) for move in told))

    def _roll_back(self, order: Order, live: LivePointer | None, at: dt.datetime) -> LivePointer:
        return move_live(
            self.releases_dir,
            PRODUCT,
            expected_sequence=live.sequence if live else 0,
            release_id=order.release,
            moved_at=at,
            cause=Cause(kind="moved", by=order.by, reason="a test", evidence={"of": order.by}),
            fsync=True,
        )

    def _trial(self, live: LivePointer | None, *, late: bool) -> tuple[str, str]:
        if live is None or live.rollout is None or late:
            return "an ended rollout", "a step that is over"
        return live.rollout.rollout_id, live.rollout.step_name


def is_one_winner(refusals: list[Refusal | None]) -> bool:
    """Return whether of two that moved from the same view one did and the other was told so."""
    return sorted(refusals, key=str) == sorted([None, ReleaseConflictError], key=str)
