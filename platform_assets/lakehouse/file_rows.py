"""The rows of a Parquet file, read in parts: whoever goes through them once needs no table of all of them."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.lakehouse.row_groups import ROWS_TOGETHER

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class FileRows:
    """It answers like an Arrow table to `schema`, `num_rows`, `select` and `to_batches`, and holds none of its rows."""

    path: Path
    columns: tuple[str, ...] | None = None

    @property
    def schema(self) -> "pa.Schema":
        """The columns in the order of the file, or as selected."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pq.read_schema(self.path)
        return schema if self.columns is None else pa.schema([schema.field(name) for name in self.columns])

    @property
    def num_rows(self) -> int:
        """How many rows the file has."""
        import pyarrow.parquet as pq

        return int(pq.read_metadata(self.path).num_rows)

    def select(self, columns: Sequence[str]) -> "FileRows":
        """Return the rows in these columns."""
        return replace(self, columns=tuple(columns))

    def to_batches(self, max_chunksize: int = ROWS_TOGETHER) -> "Iterator[pa.RecordBatch]":
        """Yield the rows in their order, so many at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(max_chunksize, columns=self.columns and list(self.columns)):
                yield batch if self.columns is None else batch.select(list(self.columns))

    def parts(self, rows: int = ROWS_TOGETHER) -> "Iterator[pa.Table]":
        """Yield the rows as tables, so many at a time; one empty table for no row."""
        import pyarrow as pa

        schema, is_any = self.schema, False
        for batch in self.to_batches(rows):
            is_any = True
            yield pa.Table.from_batches([batch])
        if not is_any:
            yield schema.empty_table()
