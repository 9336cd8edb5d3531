"""What lies in staged files: it is this that is audited, not what was meant to be written."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.lakehouse.row_groups import ROWS_TOGETHER
from platform_assets.lakehouse.stage import Staged, StagedFile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class StagedRows:
    """The rows of staged files, partition columns included, read in parts; `columns` are those of the table by default.

    It answers like an Arrow table to `schema`, `num_rows`, `select` and `to_batches`, and holds none of its rows.
    """

    staged: Staged
    columns: tuple[str, ...] | None = None

    @property
    def schema(self) -> "pa.Schema":
        """The columns in the order of the table."""
        import pyarrow as pa
        from deltalake import Schema

        schema = pa.schema(Schema.from_json(self.staged.schema_json).to_arrow())
        return schema if self.columns is None else pa.schema([schema.field(name) for name in self.columns])

    @property
    def num_rows(self) -> int:
        """How many rows are staged."""
        return self.staged.num_rows

    def select(self, columns: Sequence[str]) -> "StagedRows":
        """Return the rows in these columns."""
        return replace(self, columns=tuple(columns))

    def to_batches(self, max_chunksize: int = ROWS_TOGETHER) -> "Iterator[pa.RecordBatch]":
        """Yield the rows in their order, so many at a time."""
        schema = self.schema
        for path, file in zip(self.staged.paths, self.staged.files, strict=True):
            yield from _batches(path, file, schema, max_chunksize)


def read_staged(staged: Staged) -> "pa.Table":
    """Return what the staged files hold, partition columns included, in the table's column order."""
    import pyarrow as pa

    rows = StagedRows(staged)
    return pa.Table.from_batches(rows.to_batches(), schema=rows.schema)


def _batches(path: Path, file: StagedFile, schema: "pa.Schema", rows: int) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    told = {name: pa.scalar(value, pa.string()) for name, value in file.partition_values.items()}
    with pq.ParquetFile(path) as stored:
        for batch in stored.iter_batches(rows, columns=[name for name in schema.names if name not in told]):
            columns = [
                pc.cast(pa.repeat(told[field.name], batch.num_rows), field.type)
                if field.name in told
                else batch.column(field.name).cast(field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
