"""The prediction cache in one process: what is reused, what is computed, and who waits for whom."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest

from platform_assets.contract.online import Cache
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.serving.cache.keys import Scope, row_keys
from platform_assets.serving.cache.prediction_cache import CachedScores, PredictionCache

pytestmark = pytest.mark.anyio

SCOPE = Scope("release-1", 1, "sum")


@dataclass
class Clock:
    """A monotonic clock that a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Engine:
    """Scores a row by its sum; counts what it computed, and waits at `gate` where one is set."""

    gate: asyncio.Event | None = None
    failures: list[BaseException] = field(default_factory=list)
    calls: list[list[float]] = field(default_factory=list)

    async def __call__(self, matrix: Floats) -> Scored:
        self.calls.append(matrix[:, 0].tolist())
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        return Scored(matrix.sum(axis=1), np.full(len(matrix), np.nan), np.isfinite(matrix[:, 0]))


def rows(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)[:, np.newaxis]


@dataclass
class Endpoint:
    """A cache in front of an engine."""

    engine: Engine = field(default_factory=Engine)
    declared: Cache | None = field(default_factory=Cache)
    clock: Clock = field(default_factory=Clock)
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        """Put the cache in front."""
        self.cache = PredictionCache(timer=self.clock, patience_s=self.patience_s)

    async def ask(self, *values: float, at: float = 100.0, scope: Scope = SCOPE) -> CachedScores:
        matrix = rows(*values)
        return await self.cache.score("churn", self.declared, row_keys(scope, matrix), matrix, self.engine, at=at)

    def begin(self, *values: float) -> asyncio.Task[CachedScores]:
        return asyncio.create_task(self.ask(*values))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_equal_row_is_computed_once_and_then_reused_with_its_instant() -> None:
    endpoint = Endpoint()
    first = await endpoint.ask(1.0, 2.0, at=100.0)
    second = await endpoint.ask(2.0, 3.0, at=160.0)
    assert endpoint.engine.calls == [[1.0, 2.0], [3.0]]
    assert (first.is_hit.tolist(), second.is_hit.tolist()) == ([False, False], [True, False])
    assert second.scored.score.tolist() == [2.0, 3.0]
    assert second.computed_at.tolist() == [100.0, 160.0]
    assert endpoint.cache.counts()["churn"].reused_ratio == 0.25


async def test_a_row_that_stands_twice_in_a_call_is_computed_once() -> None:
    endpoint = Endpoint()
    answer = await endpoint.ask(5.0, 7.0, 5.0)
    assert endpoint.engine.calls == [[5.0, 7.0]]
    assert answer.scored.score.tolist() == [5.0, 7.0, 5.0]
    assert endpoint.cache.counts()["churn"].joined == 1


async def test_a_score_that_the_guard_refused_stays_refused_and_without_uncertainty() -> None:
    endpoint = Endpoint()
    await endpoint.ask(np.inf)
    again = await endpoint.ask(np.inf)
    assert again.is_hit.tolist() == [True]
    assert again.scored.is_valid.tolist() == [False]
    assert np.isnan(again.scored.uncertainty).tolist() == [True]


async def test_after_its_lifetime_a_row_is_computed_again_whatever_the_wall_clock_says() -> None:
    endpoint = Endpoint(declared=Cache(ttl_seconds=10.0))
    await endpoint.ask(1.0, at=100.0)
    endpoint.clock.now = 9.9
    assert (await endpoint.ask(1.0, at=-5000.0)).is_hit.tolist() == [True]
    endpoint.clock.now = 10.0
    assert (await endpoint.ask(1.0, at=-5000.0)).is_hit.tolist() == [False]


async def test_without_a_declared_cache_every_row_is_computed() -> None:
    endpoint = Endpoint(declared=None)
    await endpoint.ask(1.0)
    assert (await endpoint.ask(1.0)).is_hit.tolist() == [False]
    assert endpoint.cache.counts() == {}


async def test_no_product_pushes_out_the_entries_of_another() -> None:
    endpoint = Endpoint(declared=Cache(max_entries=1))
    matrix = rows(1.0)
    await endpoint.cache.score("clv", Cache(), row_keys(SCOPE, matrix), matrix, endpoint.engine, at=0.0)
    await endpoint.ask(1.0, 2.0, 3.0)
    assert endpoint.cache.sizes() == {"clv": (1, 0), "churn": (1, 2)}


async def test_a_hundred_callers_that_miss_the_same_key_make_one_computation() -> None:
    endpoint = Endpoint(Engine(gate=asyncio.Event()))
    tasks = [endpoint.begin(1.0) for _ in range(100)]
    await turns()
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    answers = await asyncio.gather(*tasks)
    assert endpoint.engine.calls == [[1.0]]
    assert {answer.scored.score.item() for answer in answers} == {1.0}
    assert [answer.is_hit.item() for answer in answers].count(False) == 1
    assert endpoint.cache.counts()["churn"].joined == 99


async def test_callers_that_each_wait_for_a_row_of_the_other_do_not_block_each_other() -> None:
    endpoint = Endpoint(Engine(gate=asyncio.Event()))
    one, two, three = endpoint.begin(1.0), endpoint.begin(2.0, 1.0), endpoint.begin(1.0, 2.0, 3.0)
    await turns()
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    answers = await asyncio.gather(one, two, three)
    assert endpoint.engine.calls == [[1.0], [2.0], [3.0]]
    assert [answer.scored.score.tolist() for answer in answers] == [[1.0], [2.0, 1.0], [1.0, 2.0, 3.0]]


async def test_a_leader_that_fails_costs_its_followers_nothing() -> None:
    error = ModelUnusableError(file="model.txt", problem="test")
    endpoint = Endpoint(Engine(gate=asyncio.Event(), failures=[error]))
    leader, *followers = [endpoint.begin(1.0) for _ in range(5)]
    await turns()
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    answers = await asyncio.gather(*followers)
    with pytest.raises(ModelUnusableError):
        await leader
    assert {answer.scored.score.item() for answer in answers} == {1.0}
    assert len(endpoint.engine.calls) == 2  # one follower led the others


async def test_a_leader_that_is_cancelled_costs_its_followers_nothing() -> None:
    endpoint = Endpoint(Engine(gate=asyncio.Event()))
    leader, *followers = [endpoint.begin(1.0) for _ in range(5)]
    await turns()
    leader.cancel()
    await turns()
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    answers = await asyncio.gather(*followers)
    assert {answer.scored.score.item() for answer in answers} == {1.0}
    assert leader.cancelled()


async def test_a_follower_that_is_cancelled_leaves_the_others_their_answer() -> None:
    endpoint = Endpoint(Engine(gate=asyncio.Event()))
    leader, gone, stays = endpoint.begin(1.0), endpoint.begin(1.0), endpoint.begin(1.0)
    await turns()
    gone.cancel()
    await turns()
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    assert (await leader).scored.score.item() == (await stays).scored.score.item() == 1.0
    assert len(endpoint.engine.calls) == 1


async def test_a_follower_does_not_wait_for_a_hung_leader_beyond_its_patience() -> None:
    hung, endpoint = asyncio.Event(), Endpoint(patience_s=0.01)
    endpoint.engine.gate = hung
    leader = endpoint.begin(1.0)
    await turns()
    follower = endpoint.begin(1.0)
    await turns()
    endpoint.engine.gate = None
    assert (await follower).scored.score.tolist() == [1.0]
    assert not leader.done()
    hung.set()
    assert (await leader).scored.score.tolist() == [1.0]
    assert (await endpoint.ask(1.0)).is_hit.tolist() == [True]


async def test_followers_of_a_slow_leader_compute_a_row_once_more_and_not_each_for_itself() -> None:
    endpoint = Endpoint(Engine(gate=asyncio.Event()), patience_s=0.01)
    tasks = [endpoint.begin(1.0) for _ in range(20)]
    await asyncio.sleep(0.015)
    assert endpoint.engine.gate is not None
    endpoint.engine.gate.set()
    await asyncio.gather(*tasks)
    assert len(endpoint.engine.calls) < 10
    counts = endpoint.cache.counts()["churn"]
    assert counts.asked == counts.local + counts.computed + counts.joined
