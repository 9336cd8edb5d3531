"""When a batch is scored, and where: at once while that is cheap, in a thread when it would hold up the event loop.

Nothing waits while the engine is idle. Calls that reach the batcher in the same turn of the event loop go together;
what arrives while an engine is busy goes together when it is done. A hop to a thread costs more than it frees below
about a millisecond of work (measured), so small batches run in the loop. One thread is at work; only beside an engine
that takes far longer than it was given, because it hangs or is another machine's, does a second one begin.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from platform_assets.contract.online import Batching
from platform_assets.errors import OverloadedError
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.serving.batching.costs import Costs
from platform_assets.serving.batching.counts import BatchCounts
from platform_assets.serving.batching.lane import Batch, Call, Engine, Lane, LaneKey

INLINE_S = 0.0015
MOST_WAITING_ROWS = 50_000
_PATIENCE_S = 0.1  # ten times what a batch takes by default
_MOST_THREADS = 8
_DEFAULT = Batching()


class _Outcome:
    """Carries any error of an engine to the calls that wait for it, as a future does; nothing is swallowed."""

    result: tuple[Scored, float] | None = None
    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return isinstance(error, Exception)


class Batcher:
    """Scores the rows of concurrent calls together; fair among products, bounded, for one event loop.

    An engine is never called twice at once. Lanes take turns, and a large call is scored in parts, so that no product
    and no caller waits for the whole of another one's work.
    """

    def __init__(
        self,
        *,
        timer: Callable[[], float] = time.perf_counter,
        inline_s: float = INLINE_S,
        most_waiting_rows: int = MOST_WAITING_ROWS,
    ) -> None:
        """Start idle. Work of more than `inline_s` seconds runs in a thread; beyond the bound calls are refused."""
        self.costs = Costs()
        self.counts: defaultdict[str, BatchCounts] = defaultdict(BatchCounts)
        self._timer = timer
        self._inline_s = inline_s
        self._most_waiting_rows = most_waiting_rows
        self._waiting_rows = 0
        self._lanes: OrderedDict[LaneKey, Lane] = OrderedDict()
        self._beside: dict[LaneKey, float] = {}  # whose engine is at work in a thread, and since when
        self._threads = ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="engine")
        self._calls_in_turn = 0
        self._expects_company = False

    @property
    def waiting_rows(self) -> int:
        """The rows that are waiting or being scored in a thread."""
        return self._waiting_rows

    async def score(self, key: LaneKey, engine: Engine, matrix: Floats, limits: Batching = _DEFAULT) -> Scored:
        """Return the scores of a prepared matrix [rows, inputs], in order.

        All calls of one key must come with engines that score alike. Raises what the engine raises for these rows,
        and OverloadedError at once when too many rows wait.
        """
        if not len(matrix):
            return engine(matrix)
        if self._is_alone(key, len(matrix)):
            return self._score_now(key, engine, matrix)
        self._refuse_overload(key, len(matrix))
        loop = asyncio.get_running_loop()
        call = Call(matrix, loop.create_future(), self._timer())
        self._waiting_rows += len(matrix)
        self._lane(key, engine, limits).calls.append(call)
        return await call.answer

    def score_now(self, key: LaneKey, engine: Engine, matrix: Floats, *, calls: int) -> Scored | None:
        """Return the scores of the rows of several calls at once; None when they would have to wait."""
        if self._lanes or key in self._beside or self.costs.estimate(key, len(matrix)) > self._inline_s:
            return None
        return self._score_now(key, engine, matrix, calls=calls)

    def is_busy_with(self, key: LaneKey) -> bool:
        """Tell whether a thread is scoring for these calls now."""
        return key in self._beside

    def close(self) -> None:
        """Refuse what waits and let the threads end; no call may come after it."""
        error = OverloadedError(reason="the endpoint is stopping")
        for lane in self._lanes.values():
            for call in lane.calls:
                _refuse(call, error)
        self._lanes.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_alone(self, key: LaneKey, rows: int) -> bool:
        """Whether a call is scored at once: the first of a turn after one without company, while nothing waits."""
        self._calls_in_turn += 1
        if self._calls_in_turn > 1:
            return False
        asyncio.get_running_loop().call_soon(self._end_turn)
        if self._expects_company or self._lanes or key in self._beside:
            return False
        return self.costs.estimate(key, rows) <= self._inline_s

    def _end_turn(self) -> None:
        self._expects_company = self._calls_in_turn > 1
        self._calls_in_turn = 0
        self._advance()

    def _score_now(self, key: LaneKey, engine: Engine, matrix: Floats, *, calls: int = 1) -> Scored:
        started = self._timer()
        scored = engine(matrix)
        rows = len(matrix)
        self.costs.observe(key, rows, self._timer() - started)
        self.counts[key.product].count(calls=calls, rows=rows)
        return scored

    def _refuse_overload(self, key: LaneKey, rows: int) -> None:
        if self._waiting_rows and self._waiting_rows + rows > self._most_waiting_rows:
            self.counts[key.product].refused += 1
            raise OverloadedError(reason=f"{self._waiting_rows} rows wait for the engine")

    def _lane(self, key: LaneKey, engine: Engine, limits: Batching) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, engine, limits)
        return lane

    def _advance(self) -> None:
        """Give each lane its turn, until one has used up this turn of the event loop."""
        for key in list(self._lanes):
            if key not in self._beside and self._serve(self._lanes[key]):
                # Between two batches the loop hands out answers and takes in calls.
                asyncio.get_running_loop().call_soon(self._advance)
                return

    def _serve(self, lane: Lane) -> bool:
        """Score the next batch of a lane if it can be; return whether that was done in the event loop."""
        most_rows = max(lane.limits.max_rows, self.costs.rows_within(lane.key, self._shortest_wait_s()))
        is_small = self.costs.estimate(lane.key, lane.next_rows(most_rows)) <= self._inline_s
        if not is_small and not self._has_thread():
            return False
        batch, dropped = lane.take(most_rows)
        self._lanes.move_to_end(lane.key)
        if not lane.calls:
            del self._lanes[lane.key]
        for call in dropped:
            self._waiting_rows -= len(call.matrix)
            self.counts[lane.key.product].dropped += 1
        if not batch.parts:
            return False
        self._count(batch)
        (self._run_here if is_small else self._run_beside)(batch)
        return is_small

    def _has_thread(self) -> bool:
        """Tell whether a thread may begin: none is at work but such as nobody waits for any longer."""
        patience_ends = self._timer() - _PATIENCE_S
        return len(self._beside) < _MOST_THREADS and all(since <= patience_ends for since in self._beside.values())

    def _shortest_wait_s(self) -> float:
        """Return how long an engine call may hold up the most impatient of those who wait, in seconds."""
        return min(lane.limits.max_wait_ms for lane in self._lanes.values()) / 1000.0

    def _count(self, batch: Batch) -> None:
        counts, now = self.counts[batch.key.product], self._timer()
        counts.count(calls=len(batch.parts), rows=batch.rows)
        for call, _ in batch.parts:
            if not call.done_rows and not call.is_solo:
                counts.waited_s += now - call.queued_at
                counts.longest_wait_s = max(counts.longest_wait_s, now - call.queued_at)

    def _run_here(self, batch: Batch) -> None:
        with _Outcome() as outcome:
            outcome.result = self._timed(batch)
        self._finish(batch, outcome.result, outcome.error)

    def _run_beside(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        self._beside[batch.key] = self._timer()
        self.counts[batch.key.product].beside += 1
        running = loop.run_in_executor(self._threads, self._timed, batch)
        overdue = loop.call_later(1.1 * _PATIENCE_S, self._advance)
        running.add_done_callback(lambda done: self._come_back(batch, done, overdue))

    def _come_back(
        self, batch: Batch, done: asyncio.Future[tuple[Scored, float]], overdue: asyncio.TimerHandle
    ) -> None:
        overdue.cancel()
        del self._beside[batch.key]
        if done.cancelled():  # the endpoint stops
            for call, _ in batch.parts:
                _refuse(call, OverloadedError(reason="the endpoint is stopping"))
            return
        error = done.exception()
        self._finish(batch, None if error else done.result(), error)
        self._advance()

    def _timed(self, batch: Batch) -> tuple[Scored, float]:
        started = self._timer()
        return batch.score(), self._timer() - started

    def _finish(self, batch: Batch, result: tuple[Scored, float] | None, error: BaseException | None) -> None:
        if result is not None:
            self._land(batch, *result)
        elif error is not None:
            self._isolate(batch, error)

    def _land(self, batch: Batch, scored: Scored, seconds: float) -> None:
        self.costs.observe(batch.key, batch.rows, seconds)
        unfinished = batch.hand_out(scored)
        self._waiting_rows -= sum(len(call.matrix) for call, _ in batch.parts if not call.left)
        for call in unfinished:
            self._lane(batch.key, batch.engine, batch.limits).calls.append(call)

    def _isolate(self, batch: Batch, error: BaseException) -> None:
        """Let a failure reach one caller only: calls that failed together are scored again one by one."""
        if len(batch.parts) > 1:
            self.counts[batch.key.product].retried += len(batch.parts)
            lane = self._lane(batch.key, batch.engine, batch.limits)
            for call, _ in reversed(batch.parts):
                call.is_solo = True
                lane.calls.appendleft(call)
            return
        (part,) = batch.parts
        self._waiting_rows -= len(part.call.matrix)
        _refuse(part.call, error)


def _refuse(call: Call, error: BaseException) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
