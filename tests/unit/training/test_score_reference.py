"""The score reference: made at training, small, and absent only where there is nothing to tell."""

import numpy as np
import pytest

from platform_assets.training.score_reference import make_reference


def _months(rows: int) -> np.ndarray:
    return np.repeat(np.array(["2011-01-10", "2011-02-10"], dtype="datetime64[us]"), rows)


def test_a_reference_tells_scores_by_rank_and_the_base_rates_of_the_months() -> None:
    labels = np.concatenate([np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], [30, 70])])
    reference = make_reference(np.linspace(0.0, 1.0, 5000), labels=labels, as_of=_months(100))
    assert reference is not None
    assert (reference.rows, len(reference.scores)) == (5000, 512)
    assert list(reference.scores) == sorted(reference.scores)
    assert (reference.base_rate_low, reference.base_rate, reference.base_rate_high) == pytest.approx((0.5, 0.6, 0.7))


def test_months_of_few_examples_tell_no_base_rate_of_their_own() -> None:
    reference = make_reference(np.ones(3), labels=np.tile([0.0, 1.0], 10), as_of=_months(10))
    assert reference is not None
    assert reference.base_rate_low == reference.base_rate_high == 0.5


def test_scores_that_are_not_finite_are_left_out_and_without_any_there_is_no_reference() -> None:
    labels, as_of = np.ones(4), _months(2)
    kept = make_reference(np.array([np.nan, 0.5, np.inf, 0.7]), labels=labels, as_of=as_of)
    assert kept is not None
    assert kept.rows == 2
    assert make_reference(np.full(3, np.nan), labels=labels, as_of=as_of) is None
