"""Intervals of rates and bounded means: what they contain, how they narrow, and what a limit's proof takes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.experiments.log_gamma import log_gamma
from platform_assets.experiments.means import mean_interval
from platform_assets.experiments.rates import (
    Arm,
    Pair,
    difference_interval,
    is_drop_above,
    is_rate_above,
    is_rate_below,
    is_ratio_above,
    is_rise_above,
    least_log_evidence,
    log_evidence,
    rate_interval,
)
from platform_assets.experiments.summary import Moments

arms = st.integers(0, 3000).flatmap(lambda size: st.builds(Arm, st.just(size), st.integers(0, size)))
pairs = st.builds(Pair, arms, arms, st.floats(0.01, 100))


def observed(pair: Pair) -> tuple[float, float]:
    return tuple(float(np.divide(arm.total, arm.size)) if arm.size else 0.5 for arm in pair[:2])  # type: ignore[return-value] # two


def test_the_logarithm_of_gamma_agrees_with_the_standard_library() -> None:
    arguments = np.concatenate([np.linspace(0.5, 30, 500), 10.0 ** np.arange(2, 10)])
    expected = [math.lgamma(argument) for argument in arguments]
    assert log_gamma(arguments) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(arms, st.floats(1e-6, 0.5))
def test_an_interval_contains_the_observed_rate_and_lies_in_the_unit_range(arm: Arm, alpha: float) -> None:
    low, high = rate_interval(arm, alpha)
    assert 0.0 <= low <= high <= 1.0
    if arm.size:
        assert low <= float(np.divide(arm.total, arm.size)) <= high


def test_nothing_is_known_of_an_arm_without_answers() -> None:
    assert rate_interval(Arm(0, 0), 0.05) == (0.0, 1.0)
    assert difference_interval(Pair(Arm(0, 0), Arm(0, 0)), 0.05) == (-1.0, 1.0)
    assert mean_interval(Moments(), (2.0, 5.0), 0.05) == pytest.approx((2.0, 5.0))


@given(pairs)
def test_the_observed_pair_of_rates_is_never_refuted(pair: Pair) -> None:
    assert float(log_evidence(pair, *observed(pair))) <= 1e-9


@given(pairs, st.floats(0, 1), st.floats(0, 1))
def test_the_least_evidence_along_a_line_is_never_above_a_point_on_it(pair: Pair, mean: float, other: float) -> None:
    least = least_log_evidence(pair, shift=other - mean)
    assert least <= float(log_evidence(pair, mean, other)) + 1e-6


@given(pairs)
def test_the_tests_of_limits_agree_with_the_interval(pair: Pair) -> None:
    low, high = rate_interval(pair.control, 0.05)
    for limit in (0.01, 0.3):
        if abs(low - limit) > 1e-6 and abs(high - limit) > 1e-6:
            assert is_rate_above(pair.control, limit, 0.05) == (low > limit)
            assert is_rate_below(pair.control, limit, 0.05) == (high < limit)


def test_the_interval_of_a_difference_agrees_with_a_search_over_all_pairs() -> None:
    pair = Pair(Arm(400, 40), Arm(300, 60), 0.75)
    means = np.linspace(0.0005, 0.9995, 1000)
    evidence = log_evidence(pair, means[:, None], means[None, :])
    plausible = np.argwhere(evidence < np.log(20))
    differences = means[plausible[:, 1]] - means[plausible[:, 0]]
    assert difference_interval(pair, 0.05) == pytest.approx((differences.min(), differences.max()), abs=0.002)


def test_more_answers_of_the_same_rates_narrow_the_interval() -> None:
    widths = [np.ptp(difference_interval(Pair(Arm(n, n // 10), Arm(n, n // 8)), 0.05)) for n in (400, 4_000, 40_000)]
    assert widths[0] > 2.5 * widths[1] > 6 * widths[2]


def test_another_planned_share_widens_an_interval_but_never_moves_it_off_the_observed_difference() -> None:
    for tie in (0.001, 1.0, 1000.0):
        low, high = difference_interval(Pair(Arm(5_000, 500), Arm(5_000, 600), tie), 0.05)
        assert low < 0.02 < high


def test_a_few_failures_of_a_few_answers_show_a_broken_limit_and_one_does_not() -> None:
    assert is_rate_above(Arm(3, 3), 0.01, 0.001)
    assert not is_rate_above(Arm(1, 1), 0.01, 0.001)
    assert not is_rate_below(Arm(100, 0), 0.01, 0.01)
    assert is_rate_below(Arm(1500, 0), 0.01, 0.01)


def test_ten_times_the_errors_of_the_control_are_shown_to_be_more_than_twice_as_many() -> None:
    assert is_ratio_above(Pair(Arm(19_000, 19), Arm(1_000, 30), 2 / 19), 2.0, 0.01)
    assert not is_ratio_above(Pair(Arm(19_000, 19), Arm(1_000, 2), 2 / 19), 2.0, 0.01)
    assert not is_ratio_above(Pair(Arm(19_000, 190), Arm(1_000, 10), 2 / 19), 2.0, 0.01)


def test_a_drop_of_accuracy_is_shown_once_it_is_surely_above_what_is_allowed() -> None:
    assert is_drop_above(Pair(Arm(4_000, 3_800), Arm(4_000, 3_400)), 0.02, 0.01)
    assert not is_drop_above(Pair(Arm(4_000, 3_800), Arm(4_000, 3_750)), 0.02, 0.01)


def test_a_rise_of_errors_is_shown_once_it_is_surely_above_what_does_not_matter() -> None:
    assert is_rise_above(Pair(Arm(20_000, 20), Arm(20_000, 200)), 0.002, 0.01)
    assert not is_rise_above(Pair(Arm(20_000, 20), Arm(20_000, 60)), 0.002, 0.01)
    assert not is_rise_above(Pair(Arm(20_000, 200), Arm(20_000, 20)), 0.002, 0.01)


def test_values_that_vary_little_have_a_much_narrower_interval_than_a_rate() -> None:
    values = np.random.default_rng(3).beta(80, 120, 20_000)
    moments = Moments(len(values), values.sum(), (values**2).sum(), values.min(), values.max())
    low, high = mean_interval(moments, (0.0, 1.0), 0.05)
    assert low < 0.4 < high
    as_rate = rate_interval(Arm(len(values), values.sum()), 0.05)
    assert high - low < 0.2 * (as_rate[1] - as_rate[0])


def test_the_interval_of_a_mean_is_told_in_the_unit_of_its_bounds() -> None:
    moments = Moments(1000, 3_000.0, 9_100.0, 2.0, 4.0)
    low, high = mean_interval(moments, (0.0, 10.0), 0.05)
    assert 2.5 < low < 3.0 < high < 3.5


def test_values_that_are_all_equal_still_give_an_interval_around_them() -> None:
    low, high = mean_interval(Moments(10**8, 0.3 * 10**8, 0.09 * 10**8, 0.3, 0.3), (0.0, 1.0), 0.05)
    assert low <= 0.3 <= high
    assert high - low < 1e-4
