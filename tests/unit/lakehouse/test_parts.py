"""Rows that come in parts are written as if they had come at once."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.errors import LakeWriteError, SchemaMismatchError
from platform_assets.lakehouse.file_rows import FileRows
from platform_assets.lakehouse.row_groups import in_groups, write_in_groups
from platform_assets.lakehouse.stage import stage, stage_parts
from platform_assets.lakehouse.staged_rows import StagedRows, read_staged

ROWS = pa.table(
    {
        "day": ["2011-12-09"] * 1000,
        "text": [None if number % 5 == 0 else f"t{number % 97}" for number in range(1000)],
        "number": [number / 3 for number in range(1000)],
    }
)


def parts(rows: int, table: pa.Table = ROWS) -> Iterator[pa.Table]:
    yield table.slice(0, 0)
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


@pytest.mark.parametrize("rows", [1, 7, 300, 2000])
def test_the_bytes_of_a_file_do_not_depend_on_the_parts(tmp_path: Path, rows: int) -> None:
    pq.write_table(ROWS, tmp_path / "at_once", compression="zstd", row_group_size=32_768)
    assert write_in_groups(tmp_path / "in_parts", parts(rows)) == 1000
    assert (tmp_path / "in_parts").read_bytes() == (tmp_path / "at_once").read_bytes()


@pytest.mark.parametrize("rows", [1, 7, 300, 2000])
def test_groups_are_of_one_size_and_the_rest_comes_last(rows: int) -> None:
    groups = list(in_groups(parts(rows), 256))
    assert [group.num_rows for group in groups] == [256, 256, 256, 232]
    assert pa.concat_tables(groups).equals(ROWS)


def test_no_row_is_one_empty_group() -> None:
    assert [group.num_rows for group in in_groups([ROWS.slice(0, 0), ROWS.slice(0, 0)])] == [0]


@pytest.mark.parametrize("rows", [7, 2000])
def test_a_batch_staged_in_parts_has_the_files_and_statistics_of_one_staged_at_once(tmp_path: Path, rows: int) -> None:
    at_once = stage(tmp_path / "one", ROWS, ["day"], fsync=False)
    in_parts = stage_parts(tmp_path / "two", parts(rows), ["day"], fsync=False)
    assert read_staged(in_parts).equals(read_staged(at_once))
    assert [file.stats for file in in_parts.files] == [file.stats for file in at_once.files]
    assert in_parts.num_rows == 1000


def test_staged_rows_are_read_in_the_columns_and_portions_that_are_asked_for(tmp_path: Path) -> None:
    rows = StagedRows(stage(tmp_path / "one", ROWS, ["day"], fsync=False))
    for columns in (["day"], ["number", "day"]):
        batches = list(rows.select(columns).to_batches(300))
        assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
        assert pa.Table.from_batches(batches).equals(ROWS.select(columns))


def test_rows_of_two_partitions_are_not_staged_in_parts_and_leave_no_file(tmp_path: Path) -> None:
    other = ROWS.set_column(0, "day", pa.array(["2011-12-10"] * 1000))
    with pytest.raises(SchemaMismatchError, match="not all of them have 2011-12-09"):
        stage_parts(tmp_path, [ROWS, other], ["day"], fsync=False)
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_part_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.Table]:
        yield from parts(40_000, pa.concat_tables([ROWS] * 40))
        yield from FileRows(tmp_path / "gone.parquet").parts()

    with pytest.raises(LakeWriteError, match=r"gone\.parquet"):
        stage_parts(tmp_path, failing(), ["day"], fsync=False)
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_batch_without_rows_is_staged_without_a_file(tmp_path: Path) -> None:
    staged = stage_parts(tmp_path, [ROWS.slice(0, 0)], ["day"], fsync=False)
    assert (staged.files, staged.num_rows) == ((), 0)
    assert read_staged(staged).schema.names == ROWS.schema.names


def test_a_file_without_rows_is_one_empty_part(tmp_path: Path) -> None:
    pq.write_table(ROWS.slice(0, 0), tmp_path / "none.parquet")
    (part,) = FileRows(tmp_path / "none.parquet").parts()
    assert (part.num_rows, part.schema) == (0, ROWS.schema)
