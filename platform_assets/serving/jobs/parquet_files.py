"""Jobs on Parquet: read in record batches and written in row groups, never as a whole file in memory.

The only module of the endpoint's package that imports pyarrow; only the worker, in a process of its own, loads it.
"""

import datetime as dt
import decimal
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.errors import JobInputError
from platform_assets.inference.durable import write_plain
from platform_assets.serving.jobs.inputs import InputRow
from platform_assets.serving.jobs.outputs import OutputColumns, OutputRow
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar

_ROWS_AT_ONCE = 4096
_ROW_GROUP_ROWS = 65_536
_TYPES = {
    "score": pa.float64(),
    "uncertainty": pa.float64(),
    "is_valid": pa.bool_(),
    "model_version": pa.int64(),
    "output_schema_version": pa.int64(),
    "as_of": pa.timestamp("us", tz="UTC"),
    "event_at": pa.timestamp("us", tz="UTC"),
    "is_stale": pa.bool_(),
    "action_allowed": pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class ParquetInput:
    """The rows of a Parquet file for one product."""

    path: Path
    schema: RowSchema

    def columns(self) -> list[str]:
        """Return the names of the columns; raises JobInputError for one that holds no plain values."""
        with self._open() as file:
            for field in file.schema_arrow:
                if not _is_plain(field.type):
                    problem = f"column {field.name!r} holds {field.type}, not text, numbers, truth values or instants"
                    raise JobInputError(problem=problem)
            return list(file.schema_arrow.names)

    def count(self) -> int:
        """Return the number of rows, from the footer."""
        with self._open() as file:
            return int(file.metadata.num_rows)

    def rows(self, skipped: int) -> Iterator[InputRow]:
        """Yield the rows after the first `skipped` ones; whole row groups before them are not read."""
        with self._open() as file:
            groups, skipped = _groups_after(file, skipped)
            with _told("the file is damaged"):
                for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=groups, use_threads=False):
                    yield from self._rows(batch.slice(skipped))
                    skipped = max(0, skipped - batch.num_rows)

    def _open(self) -> Any:  # noqa: ANN401 - pyarrow ships no types
        with _told("this is no Parquet file"):
            return pq.ParquetFile(self.path)

    def _rows(self, batch: Any) -> Iterator[InputRow]:  # noqa: ANN401 - pyarrow ships no types
        names = batch.schema.names
        columns = [self._values(name, column) for name, column in zip(names, batch.columns, strict=True)]
        return (InputRow(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))

    def _values(self, name: str, column: Any) -> list[Scalar]:  # noqa: ANN401 - pyarrow ships no types
        if pa.types.is_timestamp(column.type):  # nanoseconds would come as objects of another package
            column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
        field = self.schema.fields.get(name)
        is_text = field is not None and field.type == "text"
        return [_scalar(value, is_text=is_text) for value in column.to_pylist()]


def write_parquet_rows(columns: Sequence[str], path: Path, rows: Sequence[OutputRow], *, fsync: bool) -> None:
    """Write rows as one Parquet file."""
    schema = output_schema(columns)
    arrays = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    write_plain(path, sink.getvalue(), fsync=fsync)


def join_parquet(file: BinaryIO, columns: Sequence[str], parts: Sequence[Path]) -> None:
    """Write the rows of all parts as one Parquet file, in row groups of about 65,536 rows."""
    with pq.ParquetWriter(file, output_schema(columns)) as writer:
        held, n_held = [], 0
        for part in parts:
            held.append(pq.ParquetFile(part).read(use_threads=False))
            n_held += held[-1].num_rows
            if n_held >= _ROW_GROUP_ROWS:
                writer.write_table(pa.concat_tables(held))
                held, n_held = [], 0
        if held:
            writer.write_table(pa.concat_tables(held))


def output_schema(columns: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow ships no types
    """Return the types of an output: row keys and names are text."""
    keys = len(columns) - len(OutputColumns.__struct_fields__)
    return pa.schema(
        [
            (name, pa.string() if position < keys else _TYPES.get(name, pa.string()))
            for position, name in enumerate(columns)
        ]
    )


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn what pyarrow says about the content of a file into an error of the job."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise JobInputError(problem=f"{what}: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk, not the content
            raise
        raise JobInputError(problem=f"{what}: {error}") from error


def _groups_after(file: Any, skipped: int) -> tuple[list[int], int]:  # noqa: ANN401 - pyarrow ships no types
    """Return the row groups that hold later rows, and how many rows to skip in the first of them."""
    first = 0
    while first < file.num_row_groups and file.metadata.row_group(first).num_rows <= skipped:
        skipped -= file.metadata.row_group(first).num_rows
        first += 1
    return list(range(first, file.num_row_groups)), skipped


def _is_plain(kind: Any) -> bool:  # noqa: ANN401 - pyarrow ships no types
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_decimal,
        pa.types.is_timestamp,
        pa.types.is_date,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)


def _scalar(value: object, *, is_text: bool) -> Scalar:
    """Return a value as JSON would hold it: a whole number is taken as text where a key or text is declared."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if is_text and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value  # type: ignore[return-value]  # text, whole numbers, truth values and None are left
