"""Circuit breakers: when they open, how they probe, and what they make of late reports."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import Column
from platform_assets.serving.breaker import BreakerLimits, BreakerState, CircuitBreaker, Ticket
from platform_assets.serving.guarded_features import GuardedFeatures
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from tests.unit.serving.conftest import AS_OF, Endpoint

LIMITS = BreakerLimits(failures_in_a_row=3, min_calls=10, first_pause_s=1.0, longest_pause_s=5.0, probe_s=2.0)
COLUMNS = {"customer_id": np.array(["1", "2"], dtype=object)}


@dataclass
class Dependency:
    """Something behind a breaker whose clock and luck a test decides."""

    now: float = 0.0
    chance: float = 0.0
    breaker: CircuitBreaker = field(init=False)

    def __post_init__(self) -> None:
        """Guard it."""
        self.breaker = CircuitBreaker(timer=lambda: self.now, limits=LIMITS, chance=lambda: self.chance)

    def state(self) -> BreakerState:
        return self.breaker.state

    def enter(self) -> Ticket:
        ticket = self.breaker.enter()
        assert ticket is not None
        return ticket

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(self.enter())

    def succeed(self) -> None:
        self.breaker.succeeded(self.enter())

    def open(self) -> None:
        self.fail(3)
        assert self.state() == "open"


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


def test_a_breaker_opens_after_failures_in_a_row_and_refuses_at_once(dependency: Dependency) -> None:
    dependency.fail(2)
    assert dependency.state() == "closed"
    dependency.fail()
    assert dependency.state() == "open"
    assert dependency.breaker.enter() is None
    assert (dependency.breaker.opened, dependency.breaker.refused) == (1, 1)


def test_a_success_in_between_starts_the_count_of_failures_anew(dependency: Dependency) -> None:
    for _ in range(4):
        dependency.fail(2)
        for _ in range(4):
            dependency.succeed()
    assert dependency.state() == "closed"


def test_a_high_rate_of_failures_opens_it_although_some_calls_succeed(dependency: Dependency) -> None:
    for _ in range(4):
        dependency.fail()
        dependency.succeed()
    assert dependency.state() == "closed"  # too few calls to judge
    dependency.succeed()
    dependency.fail()
    assert dependency.state() == "open"


def test_failures_that_left_the_window_no_longer_count(dependency: Dependency) -> None:
    for _ in range(4):
        dependency.fail()
        dependency.succeed()
    dependency.now = 10.5
    for _ in range(6):
        dependency.succeed()
    dependency.fail()
    assert dependency.state() == "closed"


def test_after_the_pause_exactly_one_call_probes_and_its_success_closes(dependency: Dependency) -> None:
    dependency.open()
    dependency.now = 0.999
    assert dependency.breaker.enter() is None
    dependency.now = 1.0
    assert dependency.state() == "half_open"
    probe = dependency.enter()
    assert [dependency.breaker.enter() for _ in range(5)] == [None] * 5
    dependency.breaker.succeeded(probe)
    assert dependency.state() == "closed"
    dependency.fail(2)  # the failures from before are forgotten
    assert dependency.state() == "closed"


def test_each_failed_probe_doubles_the_pause_up_to_its_cap(dependency: Dependency) -> None:
    dependency.open()
    pauses = []
    for _ in range(5):
        before = dependency.now
        while dependency.state() == "open":
            dependency.now += 0.25
        pauses.append(dependency.now - before)
        dependency.fail()
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_chance_shortens_a_pause_by_up_to_a_half(dependency: Dependency) -> None:
    dependency.chance = 1.0
    dependency.open()
    dependency.now = 0.5
    assert dependency.state() == "half_open"


def test_a_probe_that_never_reports_is_lost_and_another_one_is_let_through(dependency: Dependency) -> None:
    dependency.open()
    dependency.now = 1.0
    lost = dependency.enter()
    dependency.now = 2.9
    assert dependency.breaker.enter() is None
    dependency.now = 3.0
    second = dependency.enter()
    dependency.breaker.failed(lost)
    assert dependency.state() == "half_open"
    dependency.breaker.succeeded(second)
    assert dependency.state() == "closed"


def test_an_abandoned_probe_makes_room_for_the_next_one_at_once(dependency: Dependency) -> None:
    dependency.open()
    dependency.now = 1.0
    dependency.breaker.abandoned(dependency.enter())
    assert dependency.breaker.enter() is not None


def test_reports_about_calls_from_before_it_opened_are_ignored(dependency: Dependency) -> None:
    early = [dependency.enter() for _ in range(20)]
    dependency.open()
    dependency.breaker.succeeded(early[0])
    for ticket in early[1:]:
        dependency.breaker.failed(ticket)
    assert (dependency.state(), dependency.breaker.opened) == ("open", 1)
    dependency.now = 1.0
    assert dependency.state() == "half_open"


@dataclass
class Source:
    """A feature source that fails as told and counts who asks it."""

    failure: Reason | None = None
    reads: int = 0
    is_hung: bool = False

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        self.reads += 1
        if self.is_hung:
            await asyncio.Event().wait()
        return nothing_stored(live.product, len(columns["customer_id"]), failure=self.failure)

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:
        self.reads += 1
        return SnapshotSeen(live.release.release_id, AS_OF, 1)


@pytest.fixture
async def live(endpoint: Endpoint) -> LiveRelease:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    return endpoint.parts.releases.current("churn")


@pytest.mark.anyio
async def test_a_store_that_is_away_is_asked_a_few_times_and_not_by_every_request(
    live: LiveRelease, dependency: Dependency
) -> None:
    source = Source(failure="online_store_unavailable")
    features = GuardedFeatures(source, dependency.breaker)
    answers = [await features.read(live, COLUMNS) for _ in range(50)]
    assert source.reads == 3
    assert {answer.failure for answer in answers} == {"online_store_unavailable"}
    assert {answer.values.shape[0] for answer in answers} == {2}
    assert await features.snapshot(live) is None
    source.failure, dependency.now = None, 1.0
    assert (await features.read(live, COLUMNS)).failure is None
    assert dependency.state() == "closed"


@pytest.mark.anyio
@pytest.mark.parametrize("failure", ["snapshot_missing", "snapshot_corrupt", "snapshot_mismatch"])
async def test_a_store_that_answers_is_never_left_alone_however_bad_its_content(
    live: LiveRelease, dependency: Dependency, failure: Reason
) -> None:
    source = Source(failure=failure)
    features = GuardedFeatures(source, dependency.breaker)
    for _ in range(30):
        assert (await features.read(live, COLUMNS)).failure == failure
    assert source.reads == 30


@pytest.mark.anyio
async def test_a_probe_whose_caller_is_cancelled_does_not_keep_the_breaker_open(
    live: LiveRelease, dependency: Dependency
) -> None:
    source = Source(is_hung=True)
    features = GuardedFeatures(source, dependency.breaker)
    dependency.open()
    dependency.now = 1.0
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(features.read(live, COLUMNS), 0.01)
    source.is_hung = False
    assert (await features.read(live, COLUMNS)).failure is None
    assert dependency.state() == "closed"
