"""The one scoring path, with a pair made by hand."""

import dataclasses

import numpy as np
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.inference.frame import Frame, take_rows
from platform_assets.inference.pair import Pair, read_pair
from platform_assets.inference.scoring import label_of, prepare_matrix, score, score_matrix


@pytest.fixture(scope="module")
def pair(pair_files: dict[str, bytes]) -> Pair:
    return read_pair(pair_files)


@pytest.fixture(scope="module")
def frame(churn: Product) -> Frame:
    random = np.random.default_rng(5)
    columns = {name: random.normal(size=300) for name in churn.stored_columns}
    return {**columns, "event_at": np.full(300, 1.3e9), "last_order_at": 1.3e9 - random.gamma(2.0, 1e6, 300)}


def test_a_row_scores_the_same_bits_alone_and_among_others(pair: Pair, frame: Frame) -> None:
    together = score(pair, frame)
    for row in range(0, 300, 7):
        alone = score(pair, take_rows(frame, slice(row, row + 1)))
        assert alone.score[0] == together.score[row]
        assert alone.uncertainty[0] == together.uncertainty[row]


def test_the_two_halves_apart_give_what_they_give_together(pair: Pair, frame: Frame) -> None:
    assert np.array_equal(score_matrix(pair, prepare_matrix(pair, frame)).score, score(pair, frame).score)


def test_the_calibration_table_is_applied_after_the_model(pair: Pair, frame: Frame) -> None:
    assert pair.calibration is not None
    raw = score(dataclasses.replace(pair, calibration=None), frame).score
    assert np.array_equal(score(pair, frame).score, pair.calibration.apply(raw))


def test_without_an_uncertainty_table_the_uncertainty_is_missing(pair: Pair, frame: Frame) -> None:
    assert np.isnan(score(dataclasses.replace(pair, uncertainty=None), frame).uncertainty).all()


def test_an_absent_stored_feature_is_named(pair: Pair, frame: Frame) -> None:
    lacking = {name: column for name, column in frame.items() if name != "gap_days_mean"}
    with pytest.raises(MissingInputError, match="gap_days_mean"):
        score(pair, lacking)


def test_a_probability_is_labelled_by_its_threshold(churn: Product) -> None:
    assert label_of(churn, 0.5) == "likely_to_churn"
    assert label_of(churn, 0.499) == "likely_to_stay"
    assert label_of(churn, float("nan")) is None
    assert label_of(churn, 1.2) is None
