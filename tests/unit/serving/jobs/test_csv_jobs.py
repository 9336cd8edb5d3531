"""CSV of jobs: every line of the file is a row of its own, and what is written is read back to the same bits."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from platform_assets.errors import JobInputError
from platform_assets.serving.jobs.csv_files import CsvInput, join_csv, write_csv_rows
from platform_assets.serving.jobs.limits import MAX_LINE_LENGTH
from platform_assets.serving.row_schema import RowSchema


def rows_of(tmp_path: Path, schema: RowSchema, content: bytes) -> CsvInput:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    return CsvInput(path, schema)


def test_cells_become_the_values_that_json_would_hold(tmp_path: Path, schema: RowSchema) -> None:
    content = b"\xef\xbb\xbfcustomer_id,order_gbp,line_count,country\r\n007,1e2,3,\r\n8,1_0,nan,C\xc3\xb4te\r\n"
    first, second = rows_of(tmp_path, schema, content).rows(0)
    assert first.values == {"customer_id": "007", "order_gbp": 100.0, "line_count": 3, "country": None}
    assert second.values == {"customer_id": "8", "order_gbp": "1_0", "line_count": "nan", "country": "Côte"}
    assert (first.problem, second.problem) == (None, None)


def test_a_whole_number_beyond_a_float_is_kept_so_that_it_can_be_refused(tmp_path: Path, schema: RowSchema) -> None:
    content = f"customer_id,line_count\n1,9007199254740993\n2,{'9' * 5000}\n".encode()
    values = [row.values["line_count"] for row in rows_of(tmp_path, schema, content).rows(0)]
    assert values == [9007199254740993, "9" * 5000]


def test_quotes_and_line_ends_in_a_cell_do_not_end_a_row(tmp_path: Path, schema: RowSchema) -> None:
    source = rows_of(tmp_path, schema, b'customer_id,country\n"a\n""b""",x\n\n2,y\n')
    assert [row.values["customer_id"] for row in source.rows(0)] == ['a\n"b"', "2"]
    assert source.count() == 2


@pytest.mark.parametrize("skipped", [0, 1, 2, 3])
def test_rows_go_on_after_those_that_are_done(tmp_path: Path, schema: RowSchema, skipped: int) -> None:
    source = rows_of(tmp_path, schema, b"customer_id\n1\n2\n3\n")
    assert [row.values["customer_id"] for row in source.rows(skipped)] == ["1", "2", "3"][skipped:]


def test_a_garbled_line_is_told_and_the_next_one_is_read(tmp_path: Path, schema: RowSchema) -> None:
    source = rows_of(tmp_path, schema, b"customer_id,country\n1\n2,x,y\n\xff,x\n4,x\n")
    assert [row.problem for row in source.rows(0)] == [
        "1 cells where the header has 2",
        "3 cells where the header has 2",
        "bytes that are no UTF-8",
        None,
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"customer_id\n" + b"x" * MAX_LINE_LENGTH, "a line has"),
        (b'customer_id\n"' + b"x\n" * 100_000, "field larger than field limit"),
    ],
)
def test_a_file_that_never_ends_a_row_is_refused(tmp_path: Path, schema: RowSchema, content: bytes, told: str) -> None:
    source = rows_of(tmp_path, schema, content)
    with pytest.raises(JobInputError, match=told):
        source.count()


def test_what_is_written_is_read_back_to_the_same_bits(tmp_path: Path) -> None:
    instant = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)
    rows = [("a,\n", 0.1 + 0.2, True, None, instant), ("b", 5e-324, False, 7, None)]
    write_csv_rows(tmp_path / "1", rows[:1], fsync=False)
    write_csv_rows(tmp_path / "2", rows[1:], fsync=True)
    with (tmp_path / "out.csv").open("wb") as file:
        join_csv(file, ("key", "score", "is_valid", "version", "at"), [tmp_path / "1", tmp_path / "2"])
    with (tmp_path / "out.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["score"]) for row in read] == [0.1 + 0.2, 5e-324]
    assert [row["key"] for row in read] == ["a,\n", "b"]
    assert read[0]["at"] == "2011-12-09T00:00:00+00:00"
    assert (read[0]["is_valid"], read[0]["version"], read[1]["version"]) == ("true", "", "7")
