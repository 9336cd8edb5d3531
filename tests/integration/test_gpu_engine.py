"""The GPU engine on a real GPU. Skipped where there is none: then nothing is claimed about it."""

import importlib.util

import lightgbm
import numpy as np
import pytest

from platform_assets.inference.device import find_gpu, gpu_utilisation_ratio
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.frame import Floats
from platform_assets.inference.nvforest_model import GpuForest
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_nvforest import TOLERANCE, NvForestPredictor

INPUTS = 30
pytestmark = [
    pytest.mark.skipif(find_gpu() is None, reason="this machine has no GPU"),
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("nvforest", "cupy")),
        reason="the extra `gpu` is not installed",
    ),
]


@pytest.fixture(scope="module")
def text() -> bytes:
    matrix = _rows(4_000)
    label = (np.nan_to_num(matrix[:, 0] * matrix[:, 1]) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1}
    return lightgbm.train(options, lightgbm.Dataset(matrix, label), 200).model_to_string().encode()


def test_a_model_that_asks_for_a_gpu_is_scored_there_within_the_stated_bound(text: bytes) -> None:
    predictor, matrix = choose_engine(text, EngineOptions(device="gpu")), _rows(20_000)
    expected = LightGbmPredictor(text).predict(matrix)
    np.testing.assert_allclose(predictor.predict(matrix), expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert (predictor.engine, predictor.device) == ("nvforest", "gpu")


def test_a_row_gets_the_same_bits_alone_and_among_others_on_one_gpu(text: bytes) -> None:
    predictor, matrix = choose_engine(text, EngineOptions(device="gpu")), _rows(1_000)
    together = predictor.predict(matrix)
    alone = np.concatenate([predictor.predict(row[np.newaxis]) for row in matrix[:200]])
    sevens = np.concatenate([predictor.predict(matrix[start : start + 7]) for start in range(0, 1_000, 7)])
    assert np.array_equal(alone, together[:200])
    assert np.array_equal(sevens, together)


def test_a_batch_larger_than_the_memory_pool_is_scored_in_smaller_ones(text: bytes) -> None:
    matrix, events = _rows(50_000), list[EngineEvent]()  # 12 MB of rows for a pool of 2 MiB
    predictor = NvForestPredictor(GpuForest(text, memory_bytes=2 << 20), device="gpu", on_event=events.append)
    expected = LightGbmPredictor(text).predict(matrix)
    np.testing.assert_allclose(predictor.predict(matrix), expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert {event.kind for event in events} == {"out_of_memory"}


def test_the_driver_tells_how_busy_the_gpu_is() -> None:
    ratio = gpu_utilisation_ratio()
    assert ratio is not None
    assert 0.0 <= ratio <= 1.0


def _rows(count: int) -> Floats:
    random = np.random.default_rng(4)
    rows: Floats = random.normal(size=(count, INPUTS))
    rows[random.random(rows.shape) < 0.05] = np.nan
    return rows
