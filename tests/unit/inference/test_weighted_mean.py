"""The mean of several models' scores: one order of summation, the same bits for a row alone and among others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from platform_assets.inference.frame import Floats
from platform_assets.inference.weighted_mean import weighted_mean
from tests.unit.inference.ensemble_samples import WEIGHTS, mean_by_hand

SCORES = st.lists(arrays(np.float64, 5, elements=st.floats(-1e6, 1e6)), min_size=3, max_size=3)
RATES = st.lists(arrays(np.float64, 5, elements=st.floats(0.0, 1.0)), min_size=3, max_size=3)
WEIGHT = st.floats(1e-3, 1e3)


@given(scores=SCORES, weights=st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_every_sum_runs_from_left_to_right(scores: list[Floats], weights: tuple[float, ...]) -> None:
    assert weighted_mean(scores, weights).tobytes() == mean_by_hand(scores, weights).tobytes()


@given(scores=SCORES)
def test_weights_of_one_give_the_plain_mean(scores: list[Floats]) -> None:
    plain = (scores[0] + scores[1] + scores[2]) / 3.0
    assert weighted_mean(scores, (1.0, 1.0, 1.0)).tobytes() == plain.tobytes()


@given(scores=SCORES)
def test_a_row_alone_has_the_bits_that_it_has_among_others(scores: list[Floats]) -> None:
    together = weighted_mean(scores, WEIGHTS)
    alone = [weighted_mean([score[at : at + 1] for score in scores], WEIGHTS) for at in range(5)]
    assert np.concatenate(alone).tobytes() == together.tobytes()


@given(scores=RATES, weights=st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_rates_have_a_mean_that_is_a_rate(scores: list[Floats], weights: tuple[float, ...]) -> None:
    mean = weighted_mean([*scores[:2], np.ones(5)], weights)
    assert ((mean >= 0.0) & (mean <= 1.0)).all()
    assert (weighted_mean([np.ones(1)] * 3, weights) == 1.0).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_none_makes_a_mean_that_is_none_without_a_warning(odd: float) -> None:
    mean = weighted_mean([np.array([odd, 0.5]), np.array([-odd, 0.5])], (1.0, 1.0))
    assert np.isnan(mean).tolist() == [True, False]


def test_a_weight_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        weighted_mean([np.ones(1), np.ones(1), np.ones(1)], (1.0, 1.0))
