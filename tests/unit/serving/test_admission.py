"""Back-pressure: what fits is answered at once, a few wait, the rest is refused early and nothing stays taken."""

import asyncio
import contextlib

import pytest

from platform_assets.errors import OverloadedError
from platform_assets.serving.admission import Admission, AdmissionLimits
from platform_assets.serving.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

LIMITS = AdmissionLimits(small_call_rows=8, calls=2, rows=100, queued_calls=3, wait_s=60.0)


class Desk:
    """Calls that stay under way until the test ends them."""

    def __init__(self, limits: AdmissionLimits = LIMITS) -> None:
        """Take the limits of the endpoint that the calls come to."""
        self.now = 1000.0
        self.metrics = Metrics()
        self.answered: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.admission = Admission(self.metrics, limits=limits, timer=lambda: self.now)

    async def call(self, name: str, rows: int) -> None:
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._call(name, rows))
        await settle()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settle()

    async def _call(self, name: str, rows: int) -> None:
        async with self.admission.enter(rows=rows):
            self.answered.append(name)
            await self.ends[name].wait()

    def refused(self, reason: str) -> bool:
        return f'platform_refused_requests_total{{reason="{reason}"}}'.encode() in self.metrics.render()

    def is_refused(self, name: str) -> bool:
        task = self.tasks[name]
        return task.done() and isinstance(task.exception(), OverloadedError)


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_calls_that_fit_are_answered_at_once_and_the_next_has_the_first_free_place() -> None:
    desk = Desk()
    for name in ("a", "b", "c", "d"):
        await desk.call(name, 1)
    assert (desk.answered, desk.metrics.queued, desk.metrics.rows_in_flight) == (["a", "b"], 2, 2)
    await desk.end("b")
    assert desk.answered == ["a", "b", "c"]
    await desk.end("a")
    assert (desk.answered, desk.metrics.queued) == (["a", "b", "c", "d"], 0)


async def test_large_calls_share_the_rows_and_leave_the_places_of_small_ones_alone() -> None:
    desk = Desk()
    for name, rows in {"large": 60, "larger": 60, "small": 8}.items():
        await desk.call(name, rows)
    assert desk.answered == ["large", "small"]
    await desk.end("large")
    assert desk.answered == ["large", "small", "larger"]


async def test_a_call_of_more_rows_than_all_together_may_have_is_answered_alone() -> None:
    desk = Desk()
    await desk.call("huge", 5000)
    await desk.call("large", 9)
    assert desk.answered == ["huge"]
    await desk.end("huge")
    assert desk.answered == ["huge", "large"]


async def test_a_late_event_loop_takes_large_calls_one_at_a_time() -> None:
    desk = Desk()
    desk.metrics.loop_lag_s = 1.0
    for name, rows in {"first": 10, "second": 10, "small": 1}.items():
        await desk.call(name, rows)
    assert desk.answered == ["first", "small"]
    await desk.end("first")
    assert desk.answered == ["first", "small", "second"]


async def test_whoever_comes_to_a_full_queue_is_refused_at_once_and_may_come_back() -> None:
    desk = Desk()
    for number in range(6):
        await desk.call(str(number), 1)
    assert desk.is_refused("5")
    assert desk.refused("queue_full")
    error = desk.tasks["5"].exception()
    assert isinstance(error, OverloadedError)
    assert (error.status, error.retryable, error.code) == (503, True, "overloaded")


async def test_a_call_whose_turn_does_not_come_in_time_is_refused_while_it_waits() -> None:
    desk = Desk(AdmissionLimits(calls=1, wait_s=0.01))
    await desk.call("under way", 1)
    await desk.call("waits", 1)
    with pytest.raises(OverloadedError):
        await desk.tasks["waits"]
    assert (desk.metrics.queued, desk.refused("too_late")) == (0, True)
    await desk.end("under way")
    await desk.call("next", 1)
    assert desk.answered == ["under way", "next"]


async def test_a_call_whose_turn_comes_after_its_time_is_refused_though_the_timer_was_late_too() -> None:
    desk = Desk()
    for name in ("a", "b", "late"):
        await desk.call(name, 1)
    desk.now += 61.0
    await desk.call("fresh", 1)
    await desk.end("a")
    assert desk.is_refused("late")
    assert desk.answered == ["a", "b", "fresh"]


async def test_when_turns_come_slowly_nobody_is_left_waiting_who_would_only_be_refused() -> None:
    desk = Desk(AdmissionLimits(calls=1, wait_s=60.0))
    for name in ("a", "b", "c", "d", "e"):
        await desk.call(name, 1)
    for name in ("a", "b", "c", "d"):
        desk.now += 14.0
        await desk.end(name)
    for number in range(12):
        await desk.call(str(number), 1)
    refused = [desk.is_refused(str(number)) for number in range(12)]
    assert refused == [False] * desk.metrics.queued + [True] * (12 - desk.metrics.queued)
    assert 4 <= desk.metrics.queued <= 10  # at up to 14 seconds a turn, 60 seconds are over by then
    assert desk.refused("too_late")


async def test_a_caller_that_goes_away_while_it_waits_leaves_its_place_to_the_next() -> None:
    desk = Desk()
    for name in ("a", "b", "gone", "stays"):
        await desk.call(name, 1)
    desk.tasks["gone"].cancel()
    await settle()
    await desk.end("a")
    assert desk.answered == ["a", "b", "stays"]


async def test_a_caller_that_goes_away_at_the_very_instant_of_its_turn_gives_it_back() -> None:
    desk = Desk()
    for name in ("a", "b", "gone", "stays"):
        await desk.call(name, 1)
    desk.ends["a"].set()
    for _ in range(2):  # the call that ends has given the turn on, the one that has it does not know yet
        await asyncio.sleep(0)
        if desk.tasks["a"].done():
            break
    desk.tasks["gone"].cancel()
    await settle()
    assert desk.answered[-1] == "stays"
    for name in ("b", "stays"):
        await desk.end(name)
    assert desk.metrics.rows_in_flight == 0


async def test_a_call_that_fails_gives_its_place_back() -> None:
    desk = Desk(AdmissionLimits(calls=1))
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError):
            async with desk.admission.enter(rows=1):
                raise ZeroDivisionError
    await desk.call("next", 1)
    assert desk.answered == ["next"]


async def test_a_large_call_that_gives_up_waiting_makes_room_for_those_behind_it() -> None:
    desk = Desk()
    for name, rows in {"running": 60, "too large": 90, "fits": 30}.items():
        await desk.call(name, rows)
    assert desk.answered == ["running"]
    desk.tasks["too large"].cancel()
    await settle()
    assert desk.answered == ["running", "fits"]
