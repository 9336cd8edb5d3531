"""Ways to share engine calls: a fixed wait, the turn of the event loop, the batcher; fast and slow engine."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable

import lightgbm
import numpy as np

from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.scoring import Scored
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.batching.lane import Engine, LaneKey

COLUMNS, TREES, LEAVES = 30, 500, 31
KEY = LaneKey("churn", "release-1")
SECONDS, ROUNDS = 0.2, 4
Score = Callable[[Floats], Awaitable[Scored]]


class FixedWait:
    """What is measured against: waits until 32 rows are there or 10 ms are over."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine."""
        self._engine = engine
        self._waiting: list[tuple[Floats, asyncio.Future[Scored]]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def score(self, matrix: Floats) -> Scored:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Scored] = loop.create_future()
        self._waiting.append((matrix, answer))
        if len(self._waiting) == 32:
            self._flush()
        elif len(self._waiting) == 1:
            self._timer = loop.call_later(0.010, self._flush)
        return await answer

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._timer is not None:
            self._timer.cancel()
        scored = self._engine(np.concatenate([matrix for matrix, _ in waiting]))
        for at, (_, answer) in enumerate(waiting):
            part = slice(at, at + 1)
            if not answer.done():
                answer.set_result(Scored(scored.score[part], scored.uncertainty[part], scored.is_valid[part]))


async def calls_per_second(score: Score, connections: int) -> float:
    """Return how many one-row calls end in a second; every connection sends the next one when it has its answer."""
    rows = np.random.default_rng(7).normal(size=(512, 1, COLUMNS))
    done = 0
    end = time.perf_counter() + SECONDS

    async def connection(number: int) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await score(rows[(done + number) % 512])
            done += 1
            await asyncio.sleep(0)  # where a server reads the next request

    await asyncio.gather(*(connection(number) for number in range(connections)))
    return done / SECONDS


async def compare(name: str, engine: Engine) -> None:
    """Print the rates of each way for one engine, as ratios to one call at a time."""

    async def one_at_a_time(matrix: Floats) -> Scored:
        return engine(matrix)

    for connections in (1, 16, 64):
        turn, adaptive, beside = Batcher(inline_s=np.inf), Batcher(), Batcher(inline_s=0.0)
        ways: dict[str, Score] = {"one at a time": one_at_a_time, "fixed wait": FixedWait(engine).score}
        for label, batcher in (("turn", turn), ("always in a thread", beside), ("batcher", adaptive)):
            batcher.costs.observe(KEY, 1, 0.0)
            ways[label] = functools.partial(batcher.score, KEY, engine)
        rates = dict.fromkeys(ways, 0.0)
        for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine does not hit one way alone
            for label, score in ways.items():
                rates[label] = max(rates[label], await calls_per_second(score, connections))
        told = ", ".join(f"{label} {rate / rates['one at a time']:.2f}" for label, rate in rates.items())
        size = adaptive.counts["churn"].mean_calls
        print(
            f"{name}, {connections} connections: {told} (1.00 = {rates['one at a time']:,.0f}/s; mean batch {size:.1f})"
        )
        for batcher in (turn, adaptive, beside):
            batcher.close()


def test_a_fixed_wait_against_turns_and_the_batcher() -> None:
    """Print the ratios; equality of the scores is checked elsewhere, the time is only told."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(5_000, COLUMNS))
    label = (matrix[:, 0] + rng.normal(size=5_000) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": LEAVES, "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(options, lightgbm.Dataset(matrix, label), TREES)
    predictor = LightGbmPredictor(model.model_to_string().encode())

    def fast(rows: Floats) -> Scored:
        scores = predictor.predict(rows)
        return Scored(scores, np.full(len(scores), np.nan), np.isfinite(scores))

    def slow(rows: Floats) -> Scored:
        time.sleep(0.005)
        return fast(rows)

    print()
    asyncio.run(compare("500 trees", fast))
    asyncio.run(compare("5 ms a call", slow))
    predictor.close()
