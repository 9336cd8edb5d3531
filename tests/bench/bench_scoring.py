"""What one call for many rows saves against one call a row, on the one scoring path of batch and online."""

import time

import lightgbm
import numpy as np

from platform_assets.inference.predict_lightgbm import LightGbmPredictor

ROWS, COLUMNS, TREES, LEAVES = 20_000, 30, 200, 15


def test_scoring_rows_together_against_one_by_one() -> None:
    """Print rows per second and their ratio; equality to the last bit is checked, the time is only told."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(ROWS, COLUMNS))
    label = (matrix[:, 0] + rng.normal(size=ROWS) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": LEAVES, "verbosity": -1, "num_threads": 1}
    model = lightgbm.train(options, lightgbm.Dataset(matrix, label), TREES)
    predictor = LightGbmPredictor(model.model_to_string().encode())
    start = time.perf_counter()
    together = predictor.predict(matrix)
    batch_s = time.perf_counter() - start
    single = matrix[:2000]
    start = time.perf_counter()
    apart = np.concatenate([predictor.predict(row[np.newaxis]) for row in single])
    single_s = (time.perf_counter() - start) * ROWS / len(single)
    predictor.close()
    print(f"\ntogether: {ROWS / batch_s:,.0f} rows/s; one by one: {ROWS / single_s:,.0f} rows/s")
    print(f"ratio of rates: {single_s / batch_s:.1f}")
    assert np.array_equal(together[: len(single)], apart)
