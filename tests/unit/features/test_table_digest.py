"""The digest of a table follows what it says, not how it is stored."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.features.content_digest import content_digest

TABLE = pa.table(
    {
        "key": ["a", None, "c"],
        "at": pa.array([dt.datetime(2011, 3, 1, tzinfo=dt.UTC), None, None], pa.timestamp("us", tz="UTC")),
        "ratio": [1.0, None, float("nan")],
        "count": pa.array([1, 2, None], pa.int64()),
        "flag": [True, None, False],
    }
)


def test_chunks_slices_and_files_do_not_change_the_digest(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "t.parquet", compression="zstd", row_group_size=1)
    pieces = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    expected = content_digest(TABLE)
    assert content_digest(pieces) == expected
    assert content_digest(pq.read_table(tmp_path / "t.parquet")) == expected


def test_what_lies_under_a_null_does_not_change_the_digest() -> None:
    garbage = pa.Array.from_buffers(pa.float64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(b"\0" * 8 + b"\x7f" * 8)])
    assert content_digest(pa.table({"x": garbage})) == content_digest(pa.table({"x": [0.0, None]}))


@pytest.mark.parametrize(
    "other",
    [
        TABLE.set_column(2, "ratio", pa.array([1.0, 0.0, float("nan")])),
        TABLE.set_column(2, "ratio", pa.array([1.0, None, None], pa.float64())),
        TABLE.set_column(0, "key", pa.array(["a", "", "c"])),
        TABLE.set_column(3, "counts", TABLE.column("count")),
        TABLE.set_column(3, "count", pa.array([1, 2, None], pa.int32())),
        TABLE.take([1, 0, 2]),
    ],
    ids=["zero for null", "null for NaN", "empty for null", "name", "type", "order"],
)
def test_any_other_content_changes_the_digest(other: pa.Table) -> None:
    assert content_digest(other) != content_digest(TABLE)
