"""The interval of a share over rows that come in groups."""

import numpy as np

from platform_assets.statistics.share_interval import share_interval

RANDOM = np.random.default_rng(11)


def _alone(count: int) -> np.ndarray:
    return np.array([f"e{number}" for number in range(count)], dtype=object)


def test_of_independent_rows_it_is_the_wilson_interval() -> None:
    found = share_interval(np.array([1.0] * 80 + [0.0] * 20), _alone(100))
    assert found.value == 0.8
    assert np.allclose(found[1:], (0.7112, 0.8666), atol=2e-3)


def test_it_holds_the_true_share_about_nineteen_times_in_twenty() -> None:
    held = 0
    for _ in range(400):
        entities = np.repeat(_alone(60), 5)
        hits = np.repeat((RANDOM.random(60) < 0.7).astype(float), 5)  # the rows of one entity are all alike
        found = share_interval(hits, entities)
        held += found.low <= 0.7 <= found.high
    assert held >= 0.92 * 400


def test_where_all_rows_agree_each_entity_counts_once() -> None:
    found = share_interval(np.ones(500), np.repeat(_alone(5), 100))
    assert found.value == found.high == 1.0
    assert np.isclose(found.low, 0.5655, atol=1e-3)


def test_one_entity_says_nearly_nothing_and_no_row_nothing() -> None:
    one = share_interval(np.array([1.0, 0.0, 1.0]), np.array(["a", "a", "a"], dtype=object))
    assert one.high - one.low > 0.7
    assert np.isnan(share_interval(np.empty(0), np.empty(0, dtype=object))).all()
