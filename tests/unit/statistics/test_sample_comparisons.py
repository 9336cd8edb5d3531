"""Distances between samples: zero for equal ones, what is known for simple ones, and rarely beyond chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.statistics.chance import ks_by_chance, mean_by_chance, psi_by_chance, ranks_by_chance
from platform_assets.statistics.distances import Floats, ks_distance, wasserstein_distance
from platform_assets.statistics.quantiles import PROBABILITIES, evenly_ranked, quantile_shift
from platform_assets.statistics.shares import bin_shares, class_edges, psi, quantile_edges

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(np.array)
NO_CHANCE = np.zeros(len(PROBABILITIES))


@given(SAMPLES)
@settings(max_examples=100, deadline=None)
def test_a_sample_has_no_distance_from_itself(sample: Floats) -> None:
    edges = quantile_edges(sample)
    assert ks_distance(sample, sample) == 0.0
    assert wasserstein_distance(sample, sample) == 0.0
    assert psi(bin_shares(sample, edges), bin_shares(sample, edges), smallest=1e-6) == 0.0
    assert quantile_shift(sample, sample, chance=NO_CHANCE) == 0.0


@given(SAMPLES, SAMPLES)
@settings(max_examples=100, deadline=None)
def test_distances_are_the_same_in_both_directions_and_within_their_bounds(one: Floats, other: Floats) -> None:
    assert ks_distance(one, other) == pytest.approx(ks_distance(other, one))
    assert 0.0 <= ks_distance(one, other) <= 1.0
    assert wasserstein_distance(one, other) == pytest.approx(wasserstein_distance(other, one))


def test_samples_that_do_not_overlap_have_the_largest_distance() -> None:
    assert ks_distance(np.array([1.0, 2.0]), np.array([3.0])) == 1.0


def test_a_shifted_sample_lies_its_shift_away() -> None:
    sample = np.random.default_rng(1).normal(size=500)
    assert wasserstein_distance(sample, sample + 0.75) == pytest.approx(0.75)


def test_the_index_of_known_shares_is_the_published_formula() -> None:
    expected = (0.4 - 0.5) * np.log(0.4 / 0.5) + (0.6 - 0.5) * np.log(0.6 / 0.5)
    assert psi(np.array([0.5, 0.5]), np.array([0.4, 0.6]), smallest=1e-6) == pytest.approx(expected)


def test_an_empty_bin_gives_a_large_and_finite_index() -> None:
    index = psi(np.array([0.5, 0.5]), np.array([0.0, 1.0]), smallest=0.001)
    assert 2.0 < index < 10.0


def test_a_value_that_repeats_has_a_bin_of_its_own() -> None:
    sample = np.array([0.0] * 50 + list(np.linspace(1.0, 2.0, 50)))
    shares = bin_shares(sample, quantile_edges(sample))
    assert shares.sum() == pytest.approx(1.0)
    assert 0.5 in shares


def test_each_class_has_a_bin_of_its_own() -> None:
    assert bin_shares(np.array([0.0, 1.0, 1.0, 2.0]), class_edges(3)).tolist() == [0.25, 0.5, 0.25]


def test_a_quantile_that_moved_is_told_in_units_of_the_spread() -> None:
    sample = np.linspace(0.0, 1.0, 1001)
    assert quantile_shift(sample, sample + 0.4, chance=NO_CHANCE) == pytest.approx(0.5)
    assert quantile_shift(sample, sample + 0.4, chance=NO_CHANCE + 0.1) == pytest.approx(0.375)


def test_a_sample_without_spread_differs_from_any_other_without_end() -> None:
    assert quantile_shift(np.ones(5), np.zeros(5), chance=NO_CHANCE) == float("inf")


def test_evenly_ranked_values_stand_for_the_whole_sample() -> None:
    sample = np.random.default_rng(2).lognormal(size=20_000)
    stand_in = evenly_ranked(sample, 512)
    assert len(stand_in) == 512
    assert set(stand_in) <= set(sample)
    assert ks_distance(sample, stand_in) < 0.003


@pytest.mark.parametrize(("rows", "others"), [(40, 60), (500, 3000)])
def test_samples_of_one_distribution_lie_beyond_chance_hardly_ever(rows: int, others: int) -> None:
    random = np.random.default_rng(3)
    beyond = np.zeros(4)
    for _ in range(400):
        one, other = random.normal(size=rows), random.normal(size=others)
        edges = quantile_edges(other)
        index = psi(bin_shares(other, edges), bin_shares(one, edges), smallest=0.5 / min(rows, others))
        moved = quantile_shift(other, one, chance=ranks_by_chance(PROBABILITIES, rows, others))
        beyond += [
            ks_distance(one, other) > ks_by_chance(rows, others),
            index > psi_by_chance(len(edges) + 1, rows, others),
            moved > 0.15,  # of small samples the ranks are rough: the declared level has to cover the rest
            abs(one.mean()) > mean_by_chance(one),
        ]
    assert (beyond <= 8).all(), beyond
