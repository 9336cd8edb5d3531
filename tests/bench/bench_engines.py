"""Time per row of every engine that this machine has, as ratios to `Booster.predict` in one run."""

import importlib.util
import statistics
import time
from collections.abc import Callable

import lightgbm
import numpy as np
import pytest

from platform_assets.contract.recipes import GradientBoosting
from platform_assets.inference.device import find_gpu
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import Booster
from platform_assets.inference.native.library import native_library
from platform_assets.inference.nvforest_model import CpuForest
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_nvforest import TOLERANCE, NvForestPredictor
from platform_assets.products._discovery import discover_products
from platform_assets.training.boosting import booster_parameters

TREES, LEAVES, INPUTS, ROWS = 500, 31, 30, 20_000
CATEGORY = 7
BATCHES = (1, 8, 32, 100, 1_000, 20_000)
ROUNDS, ROWS_A_ROUND = 9, 2_000
REFERENCE = "Booster.predict"
Engine = Callable[[Floats], Floats]


def _rows() -> Floats:
    random = np.random.default_rng(7)
    rows: Floats = random.normal(size=(ROWS, INPUTS))
    rows[random.random(rows.shape) < 0.03] = np.nan
    return rows


def _train(matrix: Floats) -> lightgbm.Booster:
    """Return the kind of model that the serving benchmark has."""
    random = np.random.default_rng(8)
    signal = np.nan_to_num(matrix[:, 0] * matrix[:, 1] + matrix[:, 2])
    label = (signal + random.normal(size=len(matrix)) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": LEAVES, "verbosity": -1, "num_threads": 1}
    return lightgbm.train(options, lightgbm.Dataset(matrix, label), TREES)


def _train_product(matrix: Floats) -> lightgbm.Booster:
    """Return a model that a product would have, on made-up rows with one input of 24 categories."""
    recipe = next(product.recipe for product in discover_products() if product.name == "parking_demand")
    assert isinstance(recipe, GradientBoosting)
    random = np.random.default_rng(9)
    matrix[:, CATEGORY] = random.integers(0, 24, len(matrix))
    signal = np.nan_to_num(matrix[:, 0] * matrix[:, 1] + matrix[:, 2]) + np.isin(matrix[:, CATEGORY], [2, 3, 11, 20])
    label = signal + random.normal(size=len(matrix))
    data = lightgbm.Dataset(matrix, label, categorical_feature=[CATEGORY])
    return lightgbm.train(booster_parameters(recipe), data, recipe.rounds)


MODELS = {
    "binary, 500 trees of 31 leaves": _train,
    "the recipe of parking_demand, 300 trees of 127 leaves, with categories": _train_product,
}


@pytest.mark.parametrize("name", list(MODELS))
def test_time_per_row_of_every_engine(name: str) -> None:
    """Print a table; equality, or the stated bound of nvForest, is checked, the time is only told."""
    matrix = _rows()
    model = MODELS[name](matrix)
    engines = _engines(model)
    expected = engines[REFERENCE](matrix)
    for engine_name, engine in engines.items():
        bound = TOLERANCE if engine_name.startswith("nvForest") else 0.0
        np.testing.assert_allclose(engine(matrix), expected, rtol=bound, atol=bound, err_msg=engine_name)
    times = {rows: _measure(engines, matrix, rows) for rows in BATCHES}
    print(f"\n{name}\n| engine | {' | '.join(f'{rows:,} rows' for rows in BATCHES)} |\n|---|{'---|' * len(BATCHES)}")
    for engine_name in engines:
        print(f"| {engine_name} | {' | '.join(_cell(times[rows], engine_name) for rows in BATCHES)} |")


def _engines(model: lightgbm.Booster) -> dict[str, Engine]:
    text = model.model_to_string().encode()
    booster = Booster(text)

    def in_one_call(matrix: Floats) -> Floats:
        scores = np.empty(len(matrix))
        booster.predict_into(matrix, scores)
        return scores

    engines: dict[str, Engine] = {
        REFERENCE: lambda matrix: np.asarray(model.predict(matrix, num_threads=1)),
        "PredictForMat": in_one_call,
        "LightGbmPredictor": LightGbmPredictor(text).predict,
        "LightGbmPredictor, 2 threads": LightGbmPredictor(text, threads=2).predict,
    }
    if native_library() is not None:
        engines["native_forest"] = choose_engine(text).predict
        engines["native_forest, 2 threads"] = choose_engine(text, EngineOptions(threads=2)).predict
    if importlib.util.find_spec("nvforest") is not None:
        engines["nvForest on the CPU"] = NvForestPredictor(CpuForest(text), device="cpu").predict
    if find_gpu() is not None:
        engines["nvForest on the GPU"] = choose_engine(text, EngineOptions(device="gpu")).predict
    return engines


def _measure(engines: dict[str, Engine], matrix: Floats, rows: int) -> dict[str, list[float]]:
    """Return seconds per row of each engine and round; the engines take turns within each round."""
    calls = max(1, min(ROWS_A_ROUND, len(matrix)) // rows)
    times: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(ROUNDS):
        starts = [(turn * calls + call) * rows % (len(matrix) - rows + 1) for call in range(calls)]
        batches = [matrix[start : start + rows] for start in starts]  # other rows in every call, as in life
        for name, engine in engines.items():
            begin = time.perf_counter()
            for batch in batches:
                engine(batch)
            times[name].append((time.perf_counter() - begin) / (calls * rows))
    return times


def _cell(times: dict[str, list[float]], name: str) -> str:
    ratios = [one / reference for one, reference in zip(times[name], times[REFERENCE], strict=True)]
    return f"{statistics.median(times[name]) * 1e6:.1f} us, {statistics.median(ratios):.2f}"
