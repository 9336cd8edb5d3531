"""The distance of two distributions of scores, and how much of it is sure."""

import numpy as np

from platform_assets.experiments.drift import score_drift
from platform_assets.experiments.histogram import Histogram


def histogram(shift: float, size: int, seed: int) -> Histogram:
    values = np.random.default_rng(seed).normal(50 + shift, 15, size).astype(int)
    keys, counts = np.unique(values, return_counts=True)
    return Histogram(dict(zip(keys.tolist(), counts.tolist(), strict=True)))


def test_equal_distributions_are_never_surely_apart_at_any_of_many_looks() -> None:
    one, other = Histogram(), Histogram()
    for look in range(200):
        one += histogram(0.0, 50, look)
        other += histogram(0.0, 50, 1000 + look)
        found = score_drift(one, other, 0.05)
        assert found is not None
        assert found.at_least == 0.0


def test_a_shift_is_surely_found_and_never_overstated() -> None:
    found = score_drift(histogram(0.0, 20_000, 1), histogram(10.0, 5_000, 2), 0.05)
    assert found is not None
    # The distance of two normal distributions that are 10 / 15 of their spread apart is 0.261.
    assert 0.15 < found.at_least < 0.261
    assert abs(found.observed - 0.261) < 0.03


def test_without_scores_there_is_no_distance() -> None:
    assert score_drift(Histogram(), histogram(0.0, 10, 1), 0.05) is None
