"""The rows of a published batch, gone through in parts; each time it is told when any is missing."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.read import scan_table
from platform_assets.lakehouse.table import arrow_schema, open_table
from platform_assets.ledger.publications import Publication

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class PublicationRows:
    """It answers like an Arrow table to `schema`, `num_rows`, `select` and `to_batches`, and holds none of its rows."""

    table: Path
    publication: Publication
    columns: tuple[str, ...] | None = None

    @property
    def schema(self) -> "pa.Schema":
        """The columns in the order of the table, or as selected."""
        import pyarrow as pa  # noqa: PLC0415 - heavy

        schema = arrow_schema(open_table(self.table))
        return schema if self.columns is None else pa.schema([schema.field(name) for name in self.columns])

    @property
    def num_rows(self) -> int:
        """How many rows were published."""
        return self.publication.row_count

    def select(self, columns: Sequence[str]) -> "PublicationRows":
        """Return the rows in these columns."""
        return replace(self, columns=tuple(columns))

    def to_batches(self, max_chunksize: int) -> "Iterator[pa.RecordBatch]":
        """Yield the rows, at most so many at a time; raises LakeWriteError at the end when the table lacks any."""
        found = 0
        for batch in self._scanned():
            found += batch.num_rows
            for start in range(0, batch.num_rows, max_chunksize):
                yield batch.slice(start, max_chunksize)
        if found != self.num_rows:
            raise incomplete(self.table, found, self.publication)

    def _scanned(self) -> "Iterator[pa.RecordBatch]":
        import pyarrow.compute as pc  # noqa: PLC0415 - heavy

        publication, day = self.publication, dt.date.fromisoformat(self.publication.as_of)
        is_of_it = (
            (pc.field("prediction_date") == day)
            & (pc.field("model_version") == publication.model_version)
            & (pc.field("batch_digest") == publication.digest)
        )
        partitions = [
            ("prediction_date", "=", publication.as_of),
            ("model_version", "=", str(publication.model_version)),
        ]
        columns = self.schema.names
        yield from scan_table(self.table, columns=columns, partitions=partitions, where=is_of_it)


def incomplete(table: Path, found: int, publication: Publication) -> LakeWriteError:
    """Return the error that says how many rows of a publication are there, and what to do."""
    reason = f"it holds {found} rows of a publication of {publication.row_count}; restore it from a backup"
    return LakeWriteError(table=str(table), reason=reason)
