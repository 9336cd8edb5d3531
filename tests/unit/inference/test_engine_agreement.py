"""All engines on all kinds of models: bits where they promise bits, the stated bound where they promise a bound."""

import importlib.util
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.errors import EngineFailedError
from platform_assets.inference.engines import require_agreement
from platform_assets.inference.frame import Floats
from platform_assets.inference.nvforest_model import CpuForest
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_nvforest import TOLERANCE, NvForestPredictor

needs_nvforest = pytest.mark.skipif(
    importlib.util.find_spec("nvforest") is None, reason="nvforest is not installed (extra `gpu`)"
)
INPUTS, CATEGORY = 5, 4
KINDS: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary"},
    "regression": {"objective": "regression"},
    "quantile": {"objective": "quantile", "alpha": 0.9},
    "poisson": {"objective": "poisson"},
    "tweedie": {"objective": "tweedie", "tweedie_variance_power": 1.3},
    "zero as missing": {"objective": "binary", "zero_as_missing": True},
    "linear leaves": {"objective": "regression", "linear_tree": True},
    "random forest": {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
}
# Numbers, what a preprocessor gives for missing values and unknown categories, and what it should never give.
VALUES = st.one_of(
    st.floats(width=64),
    st.sampled_from([np.nan, 0.0, -0.0, np.inf, -np.inf, 1e-40, 5e-324, 1e300, -1.0, 2.5, 1e9]),
    st.integers(0, 12).map(float),
)


def _booster(kind: str) -> lightgbm.Booster:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(600, INPUTS))
    matrix[:, CATEGORY] = random.integers(0, 10, 600)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    signal = np.nan_to_num(matrix[:, 0]) + np.isin(matrix[:, CATEGORY], [1, 4, 7])
    label = (signal > 0.5).astype(float) if KINDS[kind]["objective"] == "binary" else np.abs(signal)
    options = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 1, **KINDS[kind]}
    return lightgbm.train(options, lightgbm.Dataset(matrix, label, categorical_feature=[CATEGORY]), 15)


@pytest.fixture(scope="module", params=list(KINDS))
def engines(request: pytest.FixtureRequest) -> tuple[lightgbm.Booster, LightGbmPredictor]:
    booster = _booster(request.param)
    return booster, LightGbmPredictor(booster.model_to_string().encode())


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.lists(VALUES, min_size=INPUTS, max_size=INPUTS), min_size=1, max_size=12))
def test_any_row_alone_and_among_others_gets_the_bits_of_the_package(
    engines: tuple[lightgbm.Booster, LightGbmPredictor], rows: list[list[float]]
) -> None:
    booster, predictor = engines
    matrix = np.array(rows)
    expected = booster.predict(matrix)
    assert predictor.predict(matrix).tobytes() == np.asarray(expected).tobytes()
    alone = [predictor.predict(row[np.newaxis]) for row in matrix]
    assert np.concatenate(alone).tobytes() == np.asarray(expected).tobytes()


def test_threads_that_share_a_large_matrix_change_no_bit(
    engines: tuple[lightgbm.Booster, LightGbmPredictor],
) -> None:
    booster, _ = engines
    matrix = _rows(9_000)
    shared = LightGbmPredictor(booster.model_to_string().encode(), threads=3)
    assert shared.predict(matrix).tobytes() == np.asarray(booster.predict(matrix)).tobytes()


@needs_nvforest
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "linear leaves"])
def test_nvforest_stays_within_the_stated_bound_of_lightgbm(kind: str) -> None:
    text, matrix = _booster(kind).model_to_string().encode(), _rows(9_000)
    reference, nvforest = LightGbmPredictor(text), NvForestPredictor(CpuForest(text), device="cpu")
    np.testing.assert_allclose(nvforest.predict(matrix), reference.predict(matrix), rtol=TOLERANCE, atol=TOLERANCE)
    require_agreement(nvforest, reference, INPUTS)


@needs_nvforest
def test_nvforest_gives_a_row_the_same_bits_alone_and_among_others() -> None:
    matrix = _rows(500)
    nvforest = NvForestPredictor(CpuForest(_booster("binary").model_to_string().encode()), device="cpu")
    alone = [nvforest.predict(row[np.newaxis]) for row in matrix]
    assert np.array_equal(np.concatenate(alone), nvforest.predict(matrix))


@needs_nvforest
def test_linear_trees_are_refused_by_nvforest_which_would_score_them_wrongly() -> None:
    with pytest.raises(EngineFailedError, match="linear trees"):
        CpuForest(_booster("linear leaves").model_to_string().encode())


@needs_nvforest
def test_a_text_that_is_no_model_is_refused_by_nvforest() -> None:
    with pytest.raises(EngineFailedError, match="nvforest on the cpu"):
        CpuForest(b"tree\nend of trees")


def _rows(count: int) -> Floats:
    """Return rows as a preprocessor gives them: numbers of all sizes, known and unknown codes, missing values."""
    random = np.random.default_rng(4)
    rows: Floats = random.normal(size=(count, INPUTS)) * random.choice([0.1, 1.0, 10.0, 1e6], size=(count, 1))
    rows[:, CATEGORY] = random.integers(-2, 15, count)
    rows[random.random(rows.shape) < 0.1] = np.nan
    rows[random.random(rows.shape) < 0.05] = 0.0
    return rows
