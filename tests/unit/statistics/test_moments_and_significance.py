"""Moments that neither overflow nor round a constant into a spread; p-values that are those of the textbooks."""

import math

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from platform_assets.statistics.distances import ks_distance
from platform_assets.statistics.moments import mean_sigmas, moments_of, spread_times
from platform_assets.statistics.significance import false_discovery, ks_p_value, shares_p_value

RANDOM = np.random.default_rng(11)


def test_moments_are_those_of_numpy() -> None:
    sample = RANDOM.normal(7.0, 3.0, 4000)
    found = moments_of(sample)
    assert found.rows == 4000
    assert found.mean == pytest.approx(sample.mean())
    assert found.deviation == pytest.approx(sample.std())
    assert found.kurtosis == pytest.approx(3.0, abs=0.3)


def test_equal_values_have_no_spread_whatever_their_mean_rounds_to() -> None:
    found = moments_of(np.full(1000, 0.1))
    assert (found.mean, found.deviation) == (0.1, 0.0)


@pytest.mark.parametrize("sample", [[1e308, -1e308, 5e307], [5e-324, 1e-323, 0.0], [2.0**63, 0.0, 2.0**63 - 1]])
def test_numbers_at_the_end_of_the_range_give_finite_moments_without_a_warning(sample: list[float]) -> None:
    found = moments_of(np.array(sample))
    assert all(map(math.isfinite, (found.mean, found.deviation, found.kurtosis)))
    assert math.isfinite(mean_sigmas(found, moments_of(np.array(sample[:2]))))


def test_a_mean_is_measured_in_deviations_of_the_reference_and_infinite_without_any() -> None:
    reference, constant = moments_of(RANDOM.normal(0.0, 2.0, 9000)), moments_of(np.full(50, 5.0))
    assert mean_sigmas(reference, constant) == pytest.approx(2.5, rel=0.05)
    assert mean_sigmas(constant, reference) == math.inf
    assert mean_sigmas(constant, constant) == 0.0


def test_a_spread_that_grows_and_one_that_shrinks_count_alike_and_less_what_chance_explains() -> None:
    wide, narrow = moments_of(RANDOM.normal(0.0, 3.0, 9000)), moments_of(RANDOM.normal(0.0, 1.0, 9000))
    assert spread_times(narrow, wide) == pytest.approx(spread_times(wide, narrow))
    assert 2.7 < spread_times(narrow, wide) < 3.05
    assert spread_times(narrow, moments_of(RANDOM.normal(0.0, 1.0, 200))) == 1.0
    assert spread_times(narrow, moments_of(np.ones(50))) == math.inf


def test_a_tail_that_a_small_sample_missed_is_no_change_of_the_spread() -> None:
    reference = moments_of(np.append(RANDOM.normal(0.0, 1.0, 5000), 500.0))
    assert reference.deviation > 6.0
    assert spread_times(reference, moments_of(RANDOM.normal(0.0, 1.0, 300))) == 1.0


@pytest.mark.parametrize(("rows", "others"), [(60, 80), (300, 2000), (1000, 1000)])
def test_the_p_value_of_a_distance_is_that_of_scipy(rows: int, others: int) -> None:
    for shift in (0.0, 0.05, 0.15):
        one, other = RANDOM.normal(size=rows), RANDOM.normal(shift, size=others)
        expected = stats.ks_2samp(one, other, method="asymp").pvalue
        assert ks_p_value(ks_distance(one, other), rows, others) == pytest.approx(expected, abs=0.02)


def test_the_p_value_of_counts_is_that_of_scipy() -> None:
    for counts, others in (([30, 50, 20], [280, 520, 200]), ([5, 90, 5], [300, 500, 200]), ([10, 0], [400, 30])):
        expected = stats.chi2_contingency([counts, others], correction=False).pvalue
        found = shares_p_value(np.array(counts, dtype=float), np.array(others, dtype=float))
        assert found == pytest.approx(expected, abs=0.01)
    assert shares_p_value(np.array([5.0, 0.0]), np.array([9.0, 0.0])) == 1.0
    assert shares_p_value(np.array([0.0, 0.0]), np.array([9.0, 4.0])) == 1.0


def test_the_correction_for_many_tests_is_that_of_scipy() -> None:
    p_values = [0.9, 0.001, 0.04, 0.02, 0.02, 1.0, 0.0]
    assert false_discovery(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist())
    assert false_discovery([]) == []
