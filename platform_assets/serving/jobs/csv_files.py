"""Jobs on CSV: rows are read one by one, so that one that is garbled is told apart from all others.

UTF-8 with a header line, comma separated, quotes doubled; an empty cell is a missing value.
"""

import csv
import datetime as dt
import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from platform_assets.contract.features import FieldType
from platform_assets.errors import JobInputError
from platform_assets.serving.jobs.inputs import InputRow
from platform_assets.serving.jobs.limits import MAX_LINE_LENGTH
from platform_assets.serving.jobs.outputs import OutputRow, OutputValue
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER = 64
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CsvInput:
    """The rows of a CSV file for one product."""

    path: Path
    schema: RowSchema

    def columns(self) -> list[str]:
        """Return the names in the header line; raises JobInputError when there is none."""
        with self._open() as file:
            return _header(file)

    def count(self) -> int:
        """Return the number of rows after the header."""
        return sum(1 for _ in self.rows(0))

    def rows(self, skipped: int) -> Iterator[InputRow]:
        """Yield the rows after the first `skipped` ones, one at a time."""
        with self._open() as file:
            columns = _header(file)
            kinds = [self._kind(name) for name in columns]
            for number, cells in enumerate(_records(file)):
                if number >= skipped:
                    yield _row(columns, kinds, cells)

    def _open(self) -> TextIO:
        # Bytes that are no UTF-8 survive as surrogates, so that the row that holds them can be told.
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _kind(self, column: str) -> FieldType | None:
        field = self.schema.fields.get(column)
        return field.type if field else None


def write_csv_rows(path: Path, rows: Sequence[OutputRow], *, fsync: bool) -> None:
    """Write rows without a header; floats so that reading gives the same bits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
        file.flush()
        if fsync:
            os.fsync(file.fileno())


def join_csv(file: BinaryIO, columns: Sequence[str], parts: Sequence[Path]) -> None:
    """Write the header and the rows of all parts."""
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(columns)
    file.write(header.getvalue().encode())
    for part in parts:
        with part.open("rb") as rows:
            shutil.copyfileobj(rows, file)


def _header(file: TextIO) -> list[str]:
    columns = next(_records(file), None)
    if columns is None:
        raise JobInputError(problem="the file has no header line")
    return columns


def _records(file: TextIO) -> Iterator[list[str]]:
    """Yield the records of a file; lines without any text are none. Raises JobInputError for an endless one."""
    reader = csv.reader(_lines(file))
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise JobInputError(problem=f"line {reader.line_num}: {error}") from None


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(MAX_LINE_LENGTH):
        if len(line) == MAX_LINE_LENGTH:
            raise JobInputError(problem=f"a line has {MAX_LINE_LENGTH} characters or more")
        yield line


def _row(columns: list[str], kinds: list[FieldType | None], cells: list[str]) -> InputRow:
    values = dict(zip(columns, map(_value, kinds, cells), strict=False))
    if len(cells) != len(columns):
        return InputRow(values, f"{len(cells)} cells where the header has {len(columns)}")
    if not "".join(cells).isascii() and any(_is_undecodable(cell) for cell in cells):
        return InputRow(values, "bytes that are no UTF-8")
    return InputRow(values)


def _value(kind: FieldType | None, cell: str) -> Scalar:
    """Return the cell as JSON would hold it; text that is no value of its kind stays, and is refused as such."""
    if cell == "":
        return None
    if kind in {"text", "timestamp"}:
        return cell
    if kind == "boolean":
        return _TRUTH.get(cell.lower(), cell)
    if not _NUMBER.fullmatch(cell) or len(cell) > _LONGEST_NUMBER:
        return cell
    # A whole number stays one: too large a one is then refused, not rounded.
    return int(cell) if cell.lstrip("+-").isdecimal() else float(cell)


def _is_undecodable(cell: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in cell)


def _cell(value: OutputValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
