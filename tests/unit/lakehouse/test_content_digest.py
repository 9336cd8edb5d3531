"""The content digest: equal content is equal whatever its buffers, and any change shows."""

import math

import numpy as np
import pyarrow as pa
import pytest

from platform_assets.lakehouse.digest import content_digest

ROWS = pa.table({"t": ["a", None, "c"], "x": [0.5, None, -0.0], "b": [True, None, False], "l": [[1.0], [], None]})


def test_chunks_and_slices_do_not_count() -> None:
    halves = pa.concat_tables([ROWS.slice(0, 1), ROWS.slice(1)])
    padded = pa.concat_tables([ROWS, ROWS]).slice(3, 3)
    assert content_digest(halves) == content_digest(padded) == content_digest(ROWS)


def test_what_lies_under_a_null_does_not_count() -> None:
    under = [pa.array(np.array([1.0, other]), mask=np.array([False, True])) for other in (2.0, 3.0)]
    assert len({content_digest(pa.table({"x": array})) for array in under}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"x": [0.5, 0.0]},
        {"x": [0.5, math.nan]},
        {"x": [0.5, math.nextafter(1.0, 2.0)]},
        {"x": [1.0, 0.5]},
        {"y": [0.5, 1.0]},
        {"x": [0.5, None]},
    ],
)
def test_any_other_value_order_or_name_counts(other: dict[str, list[float | None]]) -> None:
    assert content_digest(pa.table(other)) != content_digest(pa.table({"x": [0.5, 1.0]}))


def test_the_sign_of_zero_counts() -> None:
    assert content_digest(pa.table({"x": [0.0]})) != content_digest(pa.table({"x": [-0.0]}))


def test_an_empty_table_has_a_digest() -> None:
    assert content_digest(ROWS.slice(0, 0)) == content_digest(ROWS.schema.empty_table())
