"""The second tier of the prediction cache on a real store: shared by workers, and nothing but a miss when it fails."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import redis

from platform_assets.contract.names import CACHED_PREDICTION
from platform_assets.contract.online import Cache
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.online.connection import connect
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.serving.breaker import CircuitBreaker
from platform_assets.serving.cache.keys import Scope, row_keys
from platform_assets.serving.cache.prediction_cache import CachedScores, PredictionCache
from platform_assets.serving.cache.shared import SharedTier
from platform_assets.settings import Settings
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

SCOPE = Scope("release-1", 1, "sum", "snap-1", 3)
DECLARED = Cache(ttl_seconds=60.0, shared=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(online_store: Settings) -> Iterator[redis.Redis]:
    client = connect(online_store.online_url)
    yield client
    client.close()


@dataclass
class Worker:
    """One process's cache over the store; it scores a row by its sum."""

    shared: SharedTier
    breaker: CircuitBreaker
    cache: PredictionCache
    computed: list[float] = field(default_factory=list)

    async def ask(self, *values: float, at: float = 1000.0, scope: Scope = SCOPE) -> CachedScores:
        matrix = np.array(values, dtype=np.float64)[:, np.newaxis]
        return await self.cache.score("churn", DECLARED, row_keys(scope, matrix), matrix, self._compute, at=at)

    async def _compute(self, matrix: Floats) -> Scored:
        self.computed += matrix[:, 0].tolist()
        return Scored(matrix.sum(axis=1) / 3.0, np.full(len(matrix), np.nan), np.ones(len(matrix), dtype=np.bool_))


@asynccontextmanager
async def worker(url: str, *, budget_s: float = 2.0) -> "AsyncIterator[Worker]":
    """Start with an empty first tier; the budget is generous, because the machine may be busy."""
    breaker = CircuitBreaker(timer=time.monotonic)
    shared = SharedTier(url, breaker, budget_s=budget_s)
    yield Worker(shared, breaker, PredictionCache(timer=time.monotonic, shared=shared))
    await shared.close()


async def test_what_one_worker_computed_another_one_reuses_bit_by_bit(
    online_store: Settings, store: redis.Redis
) -> None:
    async with worker(online_store.online_url) as one, worker(online_store.online_url) as two:
        first = await one.ask(1.0, 2.0, at=1000.0)
        await one.shared.flush()
        second = await two.ask(2.0, 1.0, 5.0, at=1030.0)
        third = await two.ask(2.0, at=1030.0)
        await two.shared.flush()
    assert two.computed == [5.0]
    assert second.scored.score[:2].tolist() == first.scored.score[::-1].tolist()
    assert second.computed_at.tolist() == [1000.0, 1000.0, 1030.0]
    assert (second.is_hit.tolist(), third.is_hit.tolist()) == ([True, True, False], [True])
    counts = two.cache.counts()["churn"]
    assert (counts.shared, counts.local, counts.computed, counts.joined) == (2, 1, 1, 0)
    lifetimes = [store.pttl(key) for key in store.scan_iter(match=f"{CACHED_PREDICTION}*")]
    assert len(lifetimes) == 3
    assert all(0 < lifetime <= 60_000 for lifetime in lifetimes)  # type: ignore[operator]  # redis types both clients


async def test_neither_another_release_nor_another_snapshot_finds_an_entry(online_store: Settings) -> None:
    async with worker(online_store.online_url) as one, worker(online_store.online_url) as two:
        await one.ask(1.0)
        await one.shared.flush()
        await two.ask(1.0, scope=SCOPE._replace(release_id="release-2"))
        await two.ask(1.0, scope=SCOPE._replace(snapshot_epoch=4))
    assert two.computed == [1.0, 1.0]


@pytest.mark.parametrize("later", [60.0, -6.0])
async def test_an_entry_that_is_too_old_or_from_the_future_is_computed_again(
    online_store: Settings, later: float
) -> None:
    async with worker(online_store.online_url) as one, worker(online_store.online_url) as two:
        await one.ask(1.0, at=1000.0)
        await one.shared.flush()
        await two.ask(1.0, at=1000.0 + later)
    assert two.computed == [1.0]


async def test_bytes_that_are_no_prediction_are_only_a_miss(online_store: Settings, store: redis.Redis) -> None:
    async with worker(online_store.online_url) as one, worker(online_store.online_url) as two:
        await one.ask(1.0)
        await one.shared.flush()
        (key,) = store.scan_iter(match=f"{CACHED_PREDICTION}*")
        store.set(key, b"damaged")
        answer = await two.ask(1.0)
    assert answer.scored.score.tolist() == [1.0 / 3.0]
    assert two.breaker.state == "closed"


async def test_a_store_that_is_away_costs_a_few_tries_and_no_answer() -> None:
    async with worker(f"redis://127.0.0.1:{free_port()}/0") as one:
        for value in range(20):
            assert (await one.ask(float(value))).scored.score.tolist() == [value / 3.0]
        await one.shared.flush()
    assert len(one.computed) == 20
    assert one.breaker.opened >= 1
    assert one.shared.failed_reads < 20


async def test_a_hung_store_costs_no_answer_and_is_used_again_when_it_goes_on(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    pid = start_embedded(settings, die_with_parent=True).pid
    assert pid is not None
    try:
        async with worker(settings.online_url) as one, worker(settings.online_url, budget_s=0.004) as two:
            await one.ask(1.0)
            await one.shared.flush()
            os.kill(pid, signal.SIGSTOP)
            for value in range(20, 40):
                assert (await two.ask(float(value))).scored.score.tolist() == [value / 3.0]
            assert two.breaker.opened >= 1
            os.kill(pid, signal.SIGCONT)
            found = False
            for _ in range(300):
                found = found or bool(await two.shared.find(row_keys(SCOPE, np.array([[1.0]]))))
                await asyncio.sleep(0 if found else 0.05)
    finally:
        os.kill(pid, signal.SIGCONT)
        stop_embedded(settings)
    assert found
    assert one.computed == [1.0]


async def test_more_writes_than_can_wait_are_dropped_and_counted() -> None:
    async with worker(f"redis://127.0.0.1:{free_port()}/0") as one:
        values = [float(number) for number in range(9_000)]
        await one.ask(*values)
        await one.ask(*(value + 0.5 for value in values))
        assert one.shared.dropped_writes >= 9_000
