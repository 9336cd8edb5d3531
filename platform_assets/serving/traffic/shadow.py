"""Copies of calls for a shadowed candidate: scored after the answer has gone, and dropped when there is much to do."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence

from platform_assets.background import ended
from platform_assets.errors import OverloadedError
from platform_assets.serving.asked import Asked
from platform_assets.serving.judge import Judged
from platform_assets.serving.traffic.call_parts import Part, asked_of
from platform_assets.serving.traffic.choice import Choice
from platform_assets.serving.traffic.outcome import Outcome, outcome_of_copy
from platform_assets.serving.traffic.split import Candidate, Split
from platform_assets.serving.traffic.watch import Watch

_MOST_COPIES, _MOST_ROWS = 8, 64
_LATE_S = 0.01  # an event loop that is later than this has no time for copies
_REST = 9.0  # while others wait, no copy begins for so many times what the copies before took: a tenth of the time

Copy = Callable[[Asked], Awaitable[Sequence[Judged]]]


class Shadow:
    """Scores copies in tasks of their own: nothing waits for one, and none can fail a call."""

    def __init__(self, watch: Watch, *, timer: Callable[[], float] = time.perf_counter) -> None:
        """Take what counts the copies and knows how much there is to do."""
        self._watch = watch
        self._timer = timer
        self._rows: dict[asyncio.Task[Outcome], int] = {}
        self._rests_until = self._counted_until = 0.0

    def offer(self, asked: Asked, split: Split, candidate: Candidate, control: Outcome, copy: Copy) -> None:
        """Have the candidate score what the control has answered, if there is room for it; returns at once."""
        rows = len(asked.rows.fields)
        if not self._has_room(rows):
            self._watch.count_dropped(split, candidate)
            return
        # A new task runs after the code that answers has come to its next pause: with the answer on its way.
        task = asyncio.get_running_loop().create_task(self._score(asked, candidate, copy))
        self._rows[task] = rows
        task.add_done_callback(functools.partial(self._count, split, candidate, control))

    async def finish(self) -> None:
        """Drop the copies that are under way."""
        await ended(*self._rows)

    def _has_room(self, rows: int) -> bool:
        """Tell whether there is time for one more copy; a large one is scored alone."""
        metrics = self._watch.metrics
        others_wait = metrics.in_flight > 1  # the call that is copied is one itself
        if metrics.queued or metrics.loop_lag_s > _LATE_S or (others_wait and self._timer() < self._rests_until):
            return False
        under_way = sum(self._rows.values())
        return not under_way or (len(self._rows) < _MOST_COPIES and under_way + rows <= _MOST_ROWS)

    async def _score(self, asked: Asked, candidate: Candidate, copy: Copy) -> Outcome:
        started = self._timer()
        part = Part(Choice(candidate.live, "shadow"), list(range(len(asked.rows.fields))))
        try:
            judged = await copy(asked_of(asked, part))
        finally:
            ended = self._timer()
            self._rest_after(started, ended)
        return outcome_of_copy(judged, (ended - started) * 1000.0)

    def _rest_after(self, started: float, ended: float) -> None:
        """Have the next copies wait for what this one took; time that it shared with others is counted once."""
        took = ended - max(started, self._counted_until)
        self._counted_until = ended
        self._rests_until = max(self._rests_until, ended) + _REST * took

    def _count(self, split: Split, candidate: Candidate, control: Outcome, task: asyncio.Task[Outcome]) -> None:
        """Count what became of a copy; whatever went wrong in it is the candidate's failure and nobody else's."""
        del self._rows[task]
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, OverloadedError):
            self._watch.count_dropped(split, candidate)
            return
        copy = task.result() if error is None else Outcome(control.latency_ms, is_failed=True)
        self._watch.count_copy(split, candidate, copy=copy, control=control)
