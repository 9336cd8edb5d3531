"""The prepared call for one row: the bits of Booster.predict for every kind of model, from any thread."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import Booster
from platform_assets.inference.lightgbm_single_row import SingleRow
from platform_assets.inference.predict_lightgbm import LightGbmPredictor

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


@pytest.fixture(scope="module")
def text() -> bytes:
    return _booster("binary").model_to_string().encode()


@pytest.fixture
def matrix() -> Floats:
    return np.random.default_rng(5).normal(size=(300, INPUTS))


def test_threads_that_score_single_rows_at_once_get_the_same_bits(text: bytes, matrix: Floats) -> None:
    predictor = LightGbmPredictor(text)
    expected = predictor.predict(matrix)
    start = threading.Barrier(4)

    def score_all() -> Floats:
        start.wait()
        return np.concatenate([predictor.predict(row[np.newaxis]) for row in matrix])

    with ThreadPoolExecutor(4) as pool:
        for scores in [pool.submit(score_all) for _ in range(4)]:
            assert np.array_equal(scores.result(), expected)


def test_a_prepared_call_in_use_declines_and_touches_nothing(text: bytes, matrix: Floats) -> None:
    single_row, scores = SingleRow(Booster(text)), np.zeros(1)
    declined = []

    class Row(np.ndarray[Any, Any]):
        """Asks for a second score while the first one is at work."""

        def __iter__(self) -> Any:  # noqa: ANN401 - whatever numpy iterates
            declined.append(single_row.predict_into(matrix[:1], np.zeros(1)))
            return super().__iter__()

    assert single_row.predict_into(matrix[:1].view(Row), scores)
    assert declined == [False]
    assert scores[0] == LightGbmPredictor(text).predict(matrix)[0]


def test_a_row_is_scored_by_the_other_call_while_the_prepared_one_is_in_use(text: bytes, matrix: Floats) -> None:
    predictor = LightGbmPredictor(text)
    expected = predictor.predict(matrix[:1])
    assert predictor._loaded is not None  # noqa: SLF001 - the only way to hold the call still
    with predictor._loaded.single_row._idle:  # noqa: SLF001
        assert np.array_equal(predictor.predict(matrix[:1]), expected)


def test_a_strided_or_narrower_matrix_gives_the_score_of_its_values(text: bytes, matrix: Floats) -> None:
    predictor = LightGbmPredictor(text)
    strided = np.asfortranarray(matrix)[::3]
    assert np.array_equal(predictor.predict(strided), predictor.predict(np.ascontiguousarray(strided)))
    narrow = matrix.astype(np.float32)
    wide = narrow.astype(np.float64)
    assert np.array_equal(predictor.predict(narrow[:1]), predictor.predict(wide[:1]))  # type: ignore[arg-type]
    assert np.array_equal(predictor.predict(narrow), predictor.predict(wide))  # type: ignore[arg-type]


def test_closing_under_running_calls_frees_nothing_that_they_use(text: bytes, matrix: Floats) -> None:
    expected = LightGbmPredictor(text).predict(matrix)
    for _ in range(20):
        predictor = LightGbmPredictor(text)
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(predictor.predict, matrix), pool.submit(predictor.predict, matrix[:1])]
            predictor.close()
            gc.collect()
        for call in calls:
            refused = call.exception()
            assert isinstance(refused, ModelUnusableError) or np.array_equal(
                call.result(), expected[: len(call.result())]
            )


def test_a_model_of_several_classes_is_refused_before_it_can_write_past_its_result() -> None:
    matrix = np.random.default_rng(1).normal(size=(300, 3))
    label = np.digitize(matrix[:, 0], [-0.5, 0.5])
    options = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    text = lightgbm.train(options, lightgbm.Dataset(matrix, label), 3).model_to_string().encode()
    with pytest.raises(ModelUnusableError, match="3 values per row"):
        LightGbmPredictor(text)
