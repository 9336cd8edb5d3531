"""The LightGBM engine: exactly Booster.predict, without the package."""

from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_lightgbm import LightGbmPredictor


@pytest.fixture(scope="module")
def matrix(booster: lightgbm.Booster) -> Floats:
    random = np.random.default_rng(11)
    rows: Floats = random.normal(size=(400, booster.num_feature()))
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


@pytest.fixture
def predictor(booster: lightgbm.Booster) -> LightGbmPredictor:
    return LightGbmPredictor(booster.model_to_string().encode())


def test_it_equals_the_package_to_the_last_bit(
    booster: lightgbm.Booster, predictor: LightGbmPredictor, matrix: Floats
) -> None:
    assert np.array_equal(predictor.predict(matrix), booster.predict(matrix))


def test_one_row_and_many_rows_give_the_same_bits(predictor: LightGbmPredictor, matrix: Floats) -> None:
    alone = [predictor.predict(matrix[row : row + 1])[0] for row in range(len(matrix))]
    assert np.array_equal(alone, predictor.predict(matrix))


def test_threads_that_score_at_once_get_the_same_bits(predictor: LightGbmPredictor, matrix: Floats) -> None:
    expected = predictor.predict(matrix)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: predictor.predict(matrix), range(40)):
            assert np.array_equal(scores, expected)


def test_no_row_gives_no_score(predictor: LightGbmPredictor, matrix: Floats) -> None:
    assert predictor.predict(matrix[:0]).shape == (0,)


def test_a_matrix_of_the_wrong_width_is_refused(predictor: LightGbmPredictor, matrix: Floats) -> None:
    with pytest.raises(ModelUnusableError, match="inputs, the matrix has 2"):
        predictor.predict(matrix[:, :2])


def test_a_closed_predictor_refuses(predictor: LightGbmPredictor, matrix: Floats) -> None:
    predictor.close()
    predictor.close()
    with pytest.raises(ModelUnusableError, match="closed"):
        predictor.predict(matrix)


@pytest.mark.parametrize("text", [b"", b"tree\nversion=v4", b"tree\nend of trees"])
def test_a_text_that_is_no_complete_model_is_refused(text: bytes) -> None:
    with pytest.raises(ModelUnusableError, match=r"model\.txt"):
        LightGbmPredictor(text)
