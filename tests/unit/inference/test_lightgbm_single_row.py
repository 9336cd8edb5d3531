"""The prepared call for one row: from any thread, never in two at once, never with freed memory."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import numpy as np
import pytest

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import Booster
from platform_assets.inference.lightgbm_single_row import SingleRow
from platform_assets.inference.predict_lightgbm import LightGbmPredictor


@pytest.fixture(scope="module")
def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


@pytest.fixture
def matrix(booster: lightgbm.Booster) -> Floats:
    return np.random.default_rng(5).normal(size=(300, booster.num_feature()))


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
    gc.collect()
    gc.freeze()  # the collections below look at what is new, not at all that the tests before have left
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
