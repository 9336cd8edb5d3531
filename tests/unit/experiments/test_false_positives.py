"""Runs without any difference, looked at after every answer: none of the methods speaks more often than it may.

The counts here are small enough for every day; `tests/bench/bench_experiments.py` does the same 2,000 times.
"""

import numpy as np
import pytest

from platform_assets.experiments.log_gamma import Floats
from tests.unit.experiments.peeking import (
    ALPHA,
    NEVER,
    Stops,
    mean_is_refuted,
    peeked_z_test,
    rates_differ,
    ratio_is_refuted,
    revenues_differ,
)

RUNS, ANSWERS = 200, 1000
EVEN = np.array([0.5, 0.5])


def spoken(stops: Stops) -> float:
    return float(np.mean(stops != NEVER))


def constant(*rates: float, answers: int = ANSWERS) -> Floats:
    return np.array(rates)[:, None] * np.ones((2, answers))


@pytest.mark.parametrize(("rate", "share"), [(0.1, 0.5), (0.01, 0.05), (0.5, 0.2)])
def test_equal_rates_are_called_different_in_at_most_five_percent_of_runs(rate: float, share: float) -> None:
    assert spoken(rates_differ(1, RUNS, ANSWERS, constant(rate, rate), share)) <= ALPHA


def test_the_simulation_finds_a_method_that_must_not_be_peeked_at() -> None:
    assert spoken(peeked_z_test(1, RUNS, ANSWERS, 0.1)) > 3 * ALPHA


def test_equal_revenues_are_called_different_in_at_most_five_percent_of_runs() -> None:
    assert spoken(revenues_differ(2, RUNS, 4 * ANSWERS)) <= ALPHA


def test_the_true_mean_of_values_that_vary_little_is_lost_in_at_most_five_percent_of_runs() -> None:
    assert spoken(mean_is_refuted(3, RUNS, ANSWERS)) <= ALPHA


def test_kept_shares_are_called_a_mismatch_in_at_most_one_of_a_hundred_runs() -> None:
    assert spoken(ratio_is_refuted(4, RUNS, 4 * ANSWERS, sent=EVEN, declared=EVEN)) <= 0.01


def test_twice_the_rate_is_found_in_nearly_every_run() -> None:
    assert spoken(rates_differ(5, 20, 6000, constant(0.1, 0.2, answers=6000))) >= 0.95


def test_a_fifth_more_revenue_is_found_in_nearly_every_run() -> None:
    assert spoken(revenues_differ(6, 50, 20_000, lift=0.2)) >= 0.9


def test_a_lost_tenth_of_the_treatment_is_found_in_every_run() -> None:
    sent = np.array([0.526, 0.474])
    assert spoken(ratio_is_refuted(7, 20, 20_000, sent=sent, declared=EVEN)) >= 0.95
