"""Statistics of staged files: readers skip files by them, so filters must find every row."""

import datetime as dt
import json
import math
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import Condition, read_table
from platform_assets.lakehouse.stats import file_stats

INSTANT = dt.datetime(2011, 12, 9, 23, 59, 59, 999999, tzinfo=dt.UTC)


def test_bounds_and_nulls_are_those_of_the_rows() -> None:
    stats = json.loads(file_stats(pa.table({"n": [3, None, 1], "t": ["b", "a", None]})))
    assert stats == {
        "numRecords": 3,
        "minValues": {"n": 1, "t": "a"},
        "maxValues": {"n": 3, "t": "b"},
        "nullCount": {"n": 1, "t": 1},
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_column_with_a_value_that_json_lacks_has_no_bounds(value: float) -> None:
    stats = json.loads(file_stats(pa.table({"x": [1.0, value]})))
    assert (stats["minValues"], stats["nullCount"]) == ({}, {"x": 0})


def test_long_text_has_no_bounds_rather_than_wrong_ones() -> None:
    assert json.loads(file_stats(pa.table({"t": ["z" * 100]})))["maxValues"] == {}


@given(st.lists(st.one_of(st.none(), st.floats(width=64)), min_size=1, max_size=20))
def test_stats_of_any_floats_are_valid_json_around_all_values(values: list[float | None]) -> None:
    stats = json.loads(file_stats(pa.table({"x": pa.array(values, pa.float64())})))
    if "x" in stats["minValues"]:
        kept = [value for value in values if value is not None]
        assert stats["minValues"]["x"] == min(kept)
        assert stats["maxValues"]["x"] == max(kept)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("at", ">=", INSTANT), 1),
        (("at", "<", INSTANT), 1),
        (("at", "=", INSTANT), 1),
        (("n", ">", 2**53), 1),
        (("t", "=", "ü"), 1),
        (("x", "=", 0.1), 1),
        (("d", "=", dt.date(2011, 12, 8)), 1),
    ],
)
def test_a_filter_at_the_edge_of_a_file_finds_its_row(tmp_path: Path, condition: Condition, expected: int) -> None:
    for version, row in enumerate(
        [
            {"at": INSTANT, "n": 2**53 + 1, "t": "ü", "x": 0.1, "d": dt.date(2011, 12, 9)},
            {"at": INSTANT - dt.timedelta(microseconds=1), "n": 1, "t": "a", "x": 0.2, "d": dt.date(2011, 12, 8)},
        ]
    ):
        append_once(
            tmp_path / "t",
            pa.Table.from_pylist([row]),
            app_id="x",
            version=version,
            partition_by=(),
            metadata={},
            fsync=False,
        )
    assert read_table(tmp_path / "t", filters=[condition]).num_rows == expected
