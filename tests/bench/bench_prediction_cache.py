"""What the prediction cache adds to a row that it does not know and saves with one that it does."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import lightgbm
import numpy as np

from platform_assets.contract.online import Cache
from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.scoring import Scored
from platform_assets.serving.cache.keys import Scope, row_keys
from platform_assets.serving.cache.prediction_cache import PredictionCache

COLUMNS, TREES, LEAVES = 30, 500, 31
CALLS = 2_000
SCOPE = Scope("release-1", 1, "lightgbm", "snap-1", 3)


async def microseconds(call: Callable[[int], Awaitable[object]], calls: int) -> float:
    """Return the time of one call, the best of three rounds."""
    best = float("inf")
    for turn in range(3):
        start = time.perf_counter()
        for number in range(calls):
            await call(turn * calls + number)
        best = min(best, (time.perf_counter() - start) / calls)
    return best * 1e6


async def compare(predictor: LightGbmPredictor, rows: int) -> None:
    """Print times per call of so many rows; all figures are of this run."""
    rng = np.random.default_rng(7)
    calls = max(20, CALLS // rows)
    unknown = rng.normal(size=(3 * calls * rows, COLUMNS))
    known = rng.normal(size=(rows, COLUMNS))
    cache = PredictionCache(timer=time.monotonic)

    async def score(matrix: Floats) -> Scored:
        scores = predictor.predict(matrix)
        return Scored(scores, np.full(len(scores), np.nan), np.isfinite(scores))

    async def ask(matrix: Floats, declared: Cache | None) -> bool:
        keys = row_keys(SCOPE, matrix) if declared else []
        answer = await cache.score("churn", declared, keys, matrix, score, at=0.0)
        return bool(answer.is_hit.all())

    async def key_only(_: int) -> None:
        row_keys(SCOPE, known)

    assert not await ask(known, Cache())
    assert await ask(known, Cache())
    engine = await microseconds(lambda number: ask(unknown[number * rows : (number + 1) * rows], None), calls)
    miss = await microseconds(lambda number: ask(unknown[number * rows : (number + 1) * rows], Cache()), calls)
    hit = await microseconds(lambda _: ask(known, Cache()), calls)
    key = await microseconds(key_only, calls)
    print(f"\n{rows} rows: engine alone {engine:.1f} us, miss {miss:.1f} us, hit {hit:.1f} us, keys alone {key:.1f} us")
    print(f"hit against engine: {engine / hit:.1f} times as fast; a miss adds {miss / engine - 1:.0%}")


def test_a_reused_score_against_a_computed_one() -> None:
    """Print the ratios for one row and for a hundred; that a hit is a hit is checked, the time is only told."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(5_000, COLUMNS))
    label = (matrix[:, 0] + rng.normal(size=5_000) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": LEAVES, "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(options, lightgbm.Dataset(matrix, label), TREES)
    predictor = LightGbmPredictor(model.model_to_string().encode())
    for rows in (1, 100):
        asyncio.run(compare(predictor, rows))
    predictor.close()
