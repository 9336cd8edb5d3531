"""Parquet or CSV, by the suffix of a file. What reads Parquet is loaded only for a job that needs it."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from platform_assets.serving.jobs.csv_files import CsvInput, join_csv, write_csv_rows
from platform_assets.serving.jobs.inputs import InputRow
from platform_assets.serving.jobs.outputs import OutputRow
from platform_assets.serving.row_schema import RowSchema


class RowsInput(Protocol):
    """The rows of a file; each method raises JobInputError when the file is not what it should be."""

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        ...

    def count(self) -> int:
        """Return the number of rows."""
        ...

    def rows(self, skipped: int) -> Iterator[InputRow]:
        """Yield the rows after the first `skipped` ones, in order, without holding them all."""
        ...


class WriteRows(Protocol):
    """Writes the rows of one chunk to a path."""

    def __call__(self, path: Path, rows: Sequence[OutputRow], *, fsync: bool) -> None:
        """Return when they are on disk."""
        ...


class JoinRows(Protocol):
    """Writes the rows of all chunks into an open file."""

    def __call__(self, file: BinaryIO, columns: Sequence[str], parts: Sequence[Path]) -> None:
        """Keep their order."""
        ...


def open_input(path: Path, schema: RowSchema) -> RowsInput:
    """Return the rows of a file for a product."""
    if path.suffix == ".csv":
        return CsvInput(path, schema)
    from platform_assets.serving.jobs.parquet_files import ParquetInput  # noqa: PLC0415 - pyarrow, if needed at all

    return ParquetInput(path, schema)


def output_format(path: Path, columns: Sequence[str]) -> tuple[WriteRows, JoinRows]:
    """Return what writes the chunks of an output file and what joins them."""
    if path.suffix == ".csv":
        return write_csv_rows, join_csv
    from platform_assets.serving.jobs import parquet_files  # noqa: PLC0415 - pyarrow, if needed at all

    return partial(parquet_files.write_parquet_rows, columns), parquet_files.join_parquet
