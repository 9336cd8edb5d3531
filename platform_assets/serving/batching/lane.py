"""The calls that wait for one engine, and how they are put together into a batch and taken apart again."""

import asyncio
import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from platform_assets.contract.online import Batching
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored

Engine = Callable[[Floats], Scored]


class LaneKey(NamedTuple):
    """Who shares engine calls: the calls of one product under one release, never of two."""

    product: str
    release_id: str


@dataclass(slots=True, eq=False)
class Call:
    """Rows of one caller. A large call is scored in parts; `is_solo` keeps a suspect from harming others."""

    matrix: Floats
    answer: asyncio.Future[Scored]
    queued_at: float
    pieces: list[Scored] = field(default_factory=list)
    done_rows: int = 0
    is_solo: bool = False

    @property
    def left(self) -> int:
        """The rows that are not scored yet."""
        return len(self.matrix) - self.done_rows


class Part(NamedTuple):
    """Some rows of a call that are scored now: the next `rows` of it."""

    call: Call
    rows: int

    @property
    def matrix(self) -> Floats:
        """The rows themselves."""
        return self.call.matrix[self.call.done_rows : self.call.done_rows + self.rows]


@dataclass(slots=True, eq=False)
class Lane:
    """The waiting calls of one release, first come first served; `engine` scores for all of them."""

    key: LaneKey
    engine: Engine
    limits: Batching
    calls: deque[Call] = field(default_factory=deque)

    def next_rows(self, most_rows: int) -> int:
        """Return how many rows the next batch has at most, those of callers who have gone included."""
        return min(most_rows, sum(call.left for call in itertools.islice(self.calls, self.limits.max_rows)))

    def take(self, most_rows: int) -> tuple["Batch", list[Call]]:
        """Return the next batch, and the calls that nobody waits for any more.

        It holds up to the declared number of rows. Only a call that is larger by itself is given more, up to
        `most_rows`, and comes to its next part after those who wait behind it.
        """
        parts: list[Part] = []
        dropped: list[Call] = []
        rows = 0
        while self.calls and not (parts and (rows >= self.limits.max_rows or self.calls[0].is_solo)):
            call = self.calls.popleft()
            if call.answer.done():
                dropped.append(call)
                continue
            room = self.limits.max_rows - rows if parts else most_rows
            parts.append(Part(call, min(call.left, room)))
            rows += parts[-1].rows
            if call.is_solo:
                break
        return Batch(self.key, self.engine, self.limits, parts, rows), dropped


class Batch(NamedTuple):
    """What one engine call scores."""

    key: LaneKey
    engine: Engine
    limits: Batching
    parts: Sequence[Part]
    rows: int

    def score(self) -> Scored:
        """Return the scores of all parts, one after the other; raises what the engine raises."""
        matrices = [part.matrix for part in self.parts]
        scored = self.engine(matrices[0] if len(matrices) == 1 else np.concatenate(matrices))
        if len(scored.score) != self.rows:  # a row must never get the score of another one
            problem = f"it gives {len(scored.score)} scores for {self.rows} rows"
            raise ModelUnusableError(file=self.key.release_id, problem=problem)
        return scored

    def hand_out(self, scored: Scored) -> list[Call]:
        """Give every call its rows; return the calls that have rows left."""
        start = 0
        for call, rows in self.parts:
            call.pieces.append(scored if rows == self.rows else _rows_of(scored, slice(start, start + rows)))
            call.done_rows += rows
            start += rows
            if not call.left and not call.answer.done():
                call.answer.set_result(_joined(call.pieces))
        return [call for call, _ in self.parts if call.left]


def _rows_of(scored: Scored, rows: slice) -> Scored:
    return dataclasses.replace(
        scored, score=scored.score[rows], uncertainty=scored.uncertainty[rows], is_valid=scored.is_valid[rows]
    )


def _joined(pieces: Sequence[Scored]) -> Scored:
    if len(pieces) == 1:
        return pieces[0]
    return dataclasses.replace(
        pieces[0],
        score=np.concatenate([piece.score for piece in pieces]),
        uncertainty=np.concatenate([piece.uncertainty for piece in pieces]),
        is_valid=np.concatenate([piece.is_valid for piece in pieces]),
    )
