"""Ages of stored features: the view closest to its limit speaks for the row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.serving.stored import feature_ages, view_slices
from tests.unit.serving.conftest import product_named

HOUR = 3600.0


def test_the_view_that_is_closest_to_its_limit_speaks_for_the_row() -> None:
    event_times = np.array([[9 * HOUR, 5 * HOUR]])
    ages = feature_ages(event_times, np.array([2 * HOUR, 24 * HOUR]), 10 * HOUR)
    assert (ages.age_s[0], ages.max_age_s[0], ages.is_stale[0]) == (HOUR, 2 * HOUR, False)


def test_one_view_beyond_its_limit_makes_the_row_stale() -> None:
    event_times = np.array([[9.5 * HOUR, 5 * HOUR], [9.5 * HOUR, 9 * HOUR]])
    ages = feature_ages(event_times, np.array([2 * HOUR, 4 * HOUR]), 10 * HOUR)
    assert ages.is_stale.tolist() == [True, False]


def test_a_row_without_any_view_has_no_age_and_is_not_stale() -> None:
    ages = feature_ages(np.full((1, 2), np.nan), np.array([1.0, 1.0]), 10.0)
    assert np.isnan(ages.age_s[0])
    assert np.isnan(ages.max_age_s[0])
    assert not ages.is_stale[0]


@given(st.floats(0, 1e9), st.floats(1, 1e6))
def test_a_row_is_stale_exactly_when_its_age_is_above_the_limit(age: float, limit: float) -> None:
    ages = feature_ages(np.array([[-age, np.nan]]), np.array([limit, 1.0]), 0.0)
    assert ages.is_stale[0] == (age > limit)


@pytest.mark.parametrize("product", ["churn", "parking_demand"])
def test_the_slices_of_the_views_cover_the_stored_columns_in_order(product: str) -> None:
    declared = product_named(product)
    covered = [declared.stored_columns[part] for part in view_slices(declared)]
    assert covered == [use.columns for use in declared.features.views]
