"""The output guard: finite, inside the declared range, or invalid (R147)."""

import numpy as np
import pytest

from platform_assets.contract.score import Score, ScoreKind
from platform_assets.inference.guard import guard_scores


def semantics(kind: ScoreKind, low: float, high: float) -> Score:
    return Score(meaning="", kind=kind, low=low, high=high, unit="", intended_use="", known_limitations=())


@pytest.mark.parametrize("kind", ["probability", "estimate", "class"])
def test_what_is_not_finite_is_invalid(kind: ScoreKind) -> None:
    assert not guard_scores(semantics(kind, 0, 1), np.array([np.nan, np.inf, -np.inf])).is_valid.any()


def test_an_estimate_below_its_range_is_raised_to_the_low_end() -> None:
    guarded = guard_scores(semantics("estimate", 0, 10), np.array([-0.5, 3.0, 11.0]))
    assert guarded.score.tolist() == [0.0, 3.0, 11.0]
    assert guarded.is_valid.tolist() == [True, True, False]


def test_a_probability_is_never_changed() -> None:
    guarded = guard_scores(semantics("probability", 0, 1), np.array([-0.1, 0.4]))
    assert guarded.score.tolist() == [-0.1, 0.4]
    assert guarded.is_valid.tolist() == [False, True]


def test_a_class_is_a_whole_number() -> None:
    assert guard_scores(semantics("class", 0, 6), np.array([2.0, 2.5])).is_valid.tolist() == [True, False]
