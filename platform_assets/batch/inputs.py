"""Step 1 of a batch: the point-in-time snapshot of everything the model will see, kept as a file of its own."""

import datetime as dt
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.product import Product
from platform_assets.features.memory_database import Bounds
from platform_assets.inference.durable import sync_directory
from platform_assets.lakehouse.file_rows import FileRows
from platform_assets.lakehouse.row_groups import in_groups, write_in_groups
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

# A join reads the keys of a whole history, so it is worth more rows than a model takes at a time.
_CHUNKS_PER_JOIN = 8


@dataclass(frozen=True, slots=True)
class BatchInputs:
    """The rows to score as a file, which is kept for replay, and its digest."""

    num_rows: int
    digest: str
    path: Path

    @property
    def rows(self) -> FileRows:
        """The rows, to be read in parts."""
        return FileRows(self.path)


def load_inputs(settings: Settings, product: Product, as_of: dt.datetime, bounds: Bounds | None = None) -> BatchInputs:
    """Keep population and stored features as known at the as-of; repeating it yields the same file.

    They pass through in parts, so that memory does not grow with their number, and the parts do not show in the file.
    Raises NotMaterializedError when staging or a feature view has not been built.
    """
    directory = settings.lake_dir / "batch_inputs" / product.name / as_of.date().isoformat()
    directory.mkdir(parents=True, exist_ok=True)
    # The name tells whoever tidies up after a kill that it was not finished.
    temporary = directory / f".{secrets.token_hex(6)}.tmp"
    try:
        num_rows = write_in_groups(temporary, _joined(settings, product, as_of, bounds))
        digest = _digest(temporary, fsync=settings.fsync)
        path = temporary.replace(directory / f"{digest[:16]}.parquet")
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(directory, fsync=settings.fsync)
    return BatchInputs(num_rows=num_rows, digest=digest, path=path)


def _joined(settings: Settings, product: Product, as_of: dt.datetime, bounds: Bounds | None) -> "Iterator[pa.Table]":
    from platform_assets.features.point_in_time import join_features  # noqa: PLC0415 - imports pyarrow and DuckDB
    from platform_assets.features.population import population_parts  # noqa: PLC0415

    rows = settings.batch.chunk_rows * _CHUNKS_PER_JOIN
    for part in in_groups(population_parts(settings, product, as_of, rows=rows, bounds=bounds), rows):
        yield join_features(settings, product, part)


def _digest(path: Path, *, fsync: bool) -> str:
    with path.open("rb") as file:
        if fsync:
            os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()
