"""Parquet of jobs: values as JSON would hold them, rows after any other row, and typed outputs."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.errors import JobInputError
from platform_assets.serving.jobs.outputs import OutputColumns, column_names
from platform_assets.serving.jobs.parquet_files import ParquetInput, join_parquet, write_parquet_rows
from platform_assets.serving.row_schema import RowSchema

AT = dt.datetime(2011, 12, 9, 10, 30, tzinfo=dt.UTC)


def rows_of(tmp_path: Path, schema: RowSchema, columns: dict[str, object], **options: object) -> ParquetInput:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return ParquetInput(path, schema)


def test_values_come_as_json_would_hold_them(tmp_path: Path, schema: RowSchema) -> None:
    columns = {
        "customer_id": pa.array([13085, None]),
        "country": pa.array(["France", None]).dictionary_encode(),
        "order_gbp": pa.array([float("nan"), 0.1], pa.float64()),
        "line_count": pa.array([3, 4], pa.int8()),
        "line_gbp_max": pa.array([Decimal("1.50"), None]),
        "first_order_at": pa.array([AT, None], pa.timestamp("ns", tz="UTC")),
        "last_order_at": pa.array([AT.date(), None]),
    }
    first, second = rows_of(tmp_path, schema, columns).rows(0)
    assert first.values == {
        "customer_id": "13085",
        "country": "France",
        "order_gbp": None,
        "line_count": 3,
        "line_gbp_max": 1.5,
        "first_order_at": "2011-12-09T10:30:00+00:00",
        "last_order_at": "2011-12-09",
    }
    assert (second.values["customer_id"], second.values["order_gbp"]) == (None, 0.1)


@pytest.mark.parametrize("skipped", [0, 1, 9, 10, 11, 25, 99, 100])
def test_rows_go_on_after_any_row_also_within_a_row_group(tmp_path: Path, schema: RowSchema, skipped: int) -> None:
    keys = [str(number) for number in range(100)]
    source = rows_of(tmp_path, schema, {"customer_id": keys}, row_group_size=10)
    assert [row.values["customer_id"] for row in source.rows(skipped)] == keys[skipped:]
    assert source.count() == 100


@pytest.mark.parametrize("values", [[b"1"], [[1, 2]], [{"a": 1}], [dt.time(1, 2)]])
def test_a_column_of_no_plain_values_is_refused_by_its_name(
    tmp_path: Path, schema: RowSchema, values: list[object]
) -> None:
    with pytest.raises(JobInputError, match="'country'"):
        rows_of(tmp_path, schema, {"customer_id": ["1"], "country": values}).columns()


def test_a_damaged_file_is_told_as_such(tmp_path: Path, schema: RowSchema) -> None:
    source = rows_of(tmp_path, schema, {"customer_id": [str(number) for number in range(1000)]})
    content = bytearray(source.path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    source.path.write_bytes(bytes(content))
    with pytest.raises(JobInputError, match="damaged"):
        list(source.rows(0))
    source.path.write_bytes(b"PAR1")
    with pytest.raises(JobInputError, match="no Parquet file"):
        source.columns()


def test_parts_are_joined_in_order_under_declared_types(tmp_path: Path) -> None:
    columns = column_names(("customer_id",))
    width = len(OutputColumns.__struct_fields__)
    parts = [tmp_path / str(number) for number in range(3)]
    for number, part in enumerate(parts):
        rows = [(f"{number}-{row}", *(None,) * width) for row in range(30_000)]
        write_parquet_rows(columns, part, rows, fsync=False)
    with (tmp_path / "out.parquet").open("wb") as file:
        join_parquet(file, columns, parts)
    joined = pq.ParquetFile(tmp_path / "out.parquet")
    assert joined.num_row_groups == 1
    assert joined.read(columns=["customer_id"]).to_pydict()["customer_id"][::30_000] == ["0-0", "1-0", "2-0"]
    types = {field.name: str(field.type) for field in joined.schema_arrow}
    assert (types["score"], types["label"], types["as_of"]) == ("double", "string", "timestamp[us, tz=UTC]")
