"""Piecewise-linear tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.tables import LinearTable

FINITE = st.floats(-1e6, 1e6)


def test_it_is_constant_beyond_both_ends_and_keeps_missing() -> None:
    table = LinearTable(x=(0.0, 1.0), y=(10.0, 20.0))
    assert table.apply(np.array([-5.0, 0.5, 7.0])).tolist() == [10.0, 15.0, 20.0]
    assert np.isnan(table.apply(np.array([np.nan]))).all()


@given(
    points=st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=30, unique_by=lambda point: point[0]),
    values=st.lists(FINITE, min_size=1, max_size=60),
)
def test_one_value_and_many_values_give_the_same_bits(points: list[tuple[float, float]], values: list[float]) -> None:
    x, y = zip(*sorted(points), strict=True)
    table, column = LinearTable(x=x, y=y), np.array(values)
    alone = [table.apply(column[place : place + 1])[0] for place in range(len(values))]
    assert np.array_equal(alone, table.apply(column))


@pytest.mark.parametrize(("x", "y"), [((), ()), ((1.0, 0.0), (1.0, 1.0)), ((1.0,), (1.0, 2.0))])
def test_a_table_that_cannot_be_read_is_refused(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(ModelUnusableError, match="ascending"):
        LinearTable(x=x, y=y)
