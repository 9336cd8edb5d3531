"""Back-pressure: how many predictions are under way at once, how many may wait, and who is sent away early.

A process that takes on everything at once answers nobody in time: its event loop is late for everyone, and reads of
the online store run into their time limit though the store is well. So a few calls are answered at a time, a few wait
for a moment, and the rest are told at once to come back.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from platform_assets.errors import OverloadedError
from platform_assets.serving.telemetry.metrics import Metrics, Refusal

_QUEUE_FULL: Refusal = "queue_full"
_TOO_LATE: Refusal = "too_late"
_EXPLANATIONS: dict[Refusal, str] = {
    "queue_full": "as many calls wait as may wait",
    "too_late": "its turn would come after the time that a call may wait",
}
_STEADY = 0.2  # weight of the newest measurement in the rate at which waiting calls get their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionLimits:
    """How much is taken on. Small calls have places, large ones share rows, so that neither kind locks the other out.

    A large call of more rows than `rows` is taken when no other large one is under way. While the event loop is later
    than `late_s`, large calls are taken one at a time. A small call waits at most `wait_s` for its turn, a large one,
    whose caller expects to wait, `large_wait_s`; all in seconds.
    """

    small_call_rows: int = 8
    calls: int = 32
    rows: int = 512
    queued_calls: int = 512
    wait_s: float = 0.1
    large_wait_s: float = 1.0
    late_s: float = 0.025


class _Waiting:
    """One call that waits; its turn is True when it has come and False when it came too late."""

    __slots__ = ("cost", "since", "turn")

    def __init__(self, cost: int, since: float) -> None:
        self.turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.cost = cost
        self.since = since


class _Lane:
    """Calls of one kind, in the order of their arrival. While nothing is used nobody waits."""

    __slots__ = ("capacity", "is_large", "last_turn", "pace_s", "queue", "used", "wait_s")

    def __init__(self, capacity: int, wait_s: float, *, is_large: bool) -> None:
        self.capacity = capacity
        self.wait_s = wait_s
        self.is_large = is_large
        self.used = 0
        self.queue: deque[_Waiting] = deque()
        self.pace_s = 0.0  # seconds from one waiting call's turn to the next one's
        self.last_turn = 0.0


class Admission:
    """Decides which calls are answered now; used by one event loop. Health and metrics never ask it."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        limits: AdmissionLimits | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the metrics, which count what is refused and know how late the event loop is."""
        self.metrics = metrics
        self._limits = limits = limits or AdmissionLimits()
        self._timer = timer
        self._small = _Lane(limits.calls, limits.wait_s, is_large=False)
        self._large = _Lane(limits.rows, limits.large_wait_s, is_large=True)

    def enter(self, *, rows: int) -> "_Entry":
        """Return a context in which a call of so many rows is answered.

        Entering it raises OverloadedError when the call cannot be answered in time; nothing has been done for it then.
        """
        limits = self._limits
        if rows <= limits.small_call_rows:
            return _Entry(self, self._small, 1, rows)
        return _Entry(self, self._large, min(rows, limits.rows), rows)

    def takes_now(self, *, rows: int) -> bool:
        """Tell whether a call of so many rows would be answered before any other one; it has no place by this."""
        limits = self._limits
        is_small = rows <= limits.small_call_rows
        lane, cost = (self._small, 1) if is_small else (self._large, min(rows, limits.rows))
        return not lane.queue and self.fits(lane, cost)

    def fits(self, lane: _Lane, cost: int) -> bool:
        """Tell whether a call can be taken now, whoever waits."""
        if lane.used == 0:
            return True
        if lane.is_large and self.metrics.loop_lag_s > self._limits.late_s:
            return False
        return lane.used + cost <= lane.capacity

    async def wait(self, lane: _Lane, cost: int) -> None:
        """Return when it is the turn of a call, which is then taken. Raises OverloadedError."""
        self._refuse_the_hopeless(lane)
        waiting = _Waiting(cost, self._timer())
        if not lane.queue:
            lane.last_turn = waiting.since
        lane.queue.append(waiting)
        end = asyncio.get_running_loop().call_later(lane.wait_s, self._end_wait, lane, waiting)
        self.metrics.queued += 1
        try:
            has_turn = await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.cancelled():
                lane.queue.remove(waiting)
                self._serve(lane)
            elif waiting.turn.result():  # its turn came while its caller went away
                self.release(lane, cost)
            raise
        finally:
            self.metrics.queued -= 1
            end.cancel()
        if not has_turn:
            raise self._refused(_TOO_LATE)

    def _refuse_the_hopeless(self, lane: _Lane) -> None:
        """Refuse at once whoever would only wait to be refused."""
        if len(lane.queue) >= self._limits.queued_calls:
            raise self._refused(_QUEUE_FULL)
        if lane.pace_s * len(lane.queue) > lane.wait_s:
            raise self._refused(_TOO_LATE)

    def release(self, lane: _Lane, cost: int) -> None:
        """End a call and let those that wait have their turn."""
        lane.used -= cost
        if lane.queue:
            self._serve(lane)

    def _serve(self, lane: _Lane) -> None:
        """Give those at the head of the queue their turn, as far as they fit."""
        now = self._timer()
        while lane.queue and self.fits(lane, lane.queue[0].cost):
            waiting = lane.queue.popleft()
            if waiting.turn.done():
                continue
            lane.pace_s += _STEADY * (now - lane.last_turn - lane.pace_s)
            lane.last_turn = now
            is_in_time = now - waiting.since <= lane.wait_s  # a late loop is late with its timers, too
            lane.used += waiting.cost if is_in_time else 0
            waiting.turn.set_result(is_in_time)

    def _end_wait(self, lane: _Lane, waiting: _Waiting) -> None:
        if not waiting.turn.done():
            lane.queue.remove(waiting)
            waiting.turn.set_result(False)
            self._serve(lane)  # who stood behind a large call may fit

    def _refused(self, reason: Refusal) -> OverloadedError:
        self.metrics.count_refusal(reason)
        return OverloadedError(reason=_EXPLANATIONS[reason])


class _Entry:
    """One call from its admission to its end."""

    __slots__ = ("_admission", "_cost", "_lane", "_rows")

    def __init__(self, admission: Admission, lane: _Lane, cost: int, rows: int) -> None:
        self._admission = admission
        self._lane = lane
        self._cost = cost
        self._rows = rows

    async def __aenter__(self) -> None:
        lane, cost, admission = self._lane, self._cost, self._admission
        if lane.queue or not admission.fits(lane, cost):
            await admission.wait(lane, cost)
        else:
            lane.used += cost
        admission.metrics.rows_in_flight += self._rows

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.metrics.rows_in_flight -= self._rows
        self._admission.release(self._lane, self._cost)
