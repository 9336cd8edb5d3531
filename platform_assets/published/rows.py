"""The one file per product that consumers read, and the one way to read it with its age and flags.

What a row says does not change while it lies there, but its age does. So the file holds the instants that ages are
measured from, and `read_published_rows` adds age and flags at the moment of reading: no reader can see an old flag.
Whoever opens the file without it compares its column `valid_until` with business time.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.ages import valid_until
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.inference.durable import write_file
from platform_assets.published.arrow_file import write_arrow_file
from platform_assets.published.status import PublishedBatch, PublishedStatus, status_of, status_path, write_status
from platform_assets.published.versions import require_readable, version_path
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = b"platform_assets.published_batch"


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Published rows with `age_seconds`, `is_stale` and `action_allowed` of now, and the status of their batch."""

    table: "pa.Table"
    status: PublishedStatus


def published_path(settings: Settings, product: str) -> Path:
    """Return the file that consumers of a product read."""
    return settings.published_dir / f"{product}.parquet"


def write_published_file(
    settings: Settings, product: Product, rows: "pa.Table", batch: PublishedBatch, *, path: Path | None = None
) -> Path:
    """Replace what consumers read as a whole: a reader holds the old file or the new one, never a part of one.

    `path` is another file than that of the current batch.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = path or published_path(settings, product.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    until = pa.scalar(valid_until(product, batch.stamps, settings.clock), pa.timestamp("us", tz="UTC"))
    told = rows.append_column("valid_until", pa.repeat(until, rows.num_rows))
    told = told.replace_schema_metadata({**(rows.schema.metadata or {}), _BATCH: msgspec.json.encode(batch)})
    sink = pa.BufferOutputStream()
    pq.write_table(told, sink, compression="zstd")
    write_file(path, sink.getvalue().to_pybytes(), fsync=settings.fsync)
    if path == published_path(settings, product.name):
        write_arrow_file(settings, product.name, told, batch.batch_digest)
    return path


def read_published_rows(
    settings: Settings,
    product: Product,
    *,
    at: dt.datetime,
    columns: Sequence[str] | None = None,
    version: int | None = None,
) -> PublishedRows:
    """Return what consumers of a product read, all columns by default, with age and flags as of a wall time.

    `age_seconds` is from the as-of to business time, the same for all rows; `action_allowed` also asks that the row is
    valid. With a `version` of the output the rows are of that one, whatever is published now.

    Raises NotMaterializedError where nothing is published, OutputVersionRetiredError, UnknownOutputVersionError.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if version is not None:
        require_readable(product, version, at)
    with _open(settings, product) if version is None else _open_version(settings, product, version) as file:
        status = status_of(product, _batch(file, product), settings.clock, at)
        rows = file.read(columns=None if columns is None else [*dict.fromkeys([*columns, "is_valid"])])
    is_allowed = pc.and_(rows.column("is_valid"), pa.scalar(status.action_allowed))
    if columns is not None:
        rows = rows.select(list(columns))
    flags = {
        "age_seconds": pa.repeat(pa.scalar(status.age_seconds), rows.num_rows),
        "is_stale": pa.repeat(pa.scalar(status.is_stale), rows.num_rows),
        "action_allowed": is_allowed,
    }
    for name, values in flags.items():
        rows = rows.append_column(name, values)
    return PublishedRows(rows, status)


def published_status(settings: Settings, product: Product, *, at: dt.datetime) -> PublishedStatus:
    """Return the status of what consumers read at a wall time, without its rows; raises NotMaterializedError."""
    with _open(settings, product) as file:
        return status_of(product, _batch(file, product), settings.clock, at)


def refresh_status(settings: Settings, product: Product, *, at: dt.datetime) -> PublishedStatus | None:
    """Bring the status beside the published file in line with it at a wall time; None where nothing is published.

    A publisher may replace both meanwhile: then it is done again, so that an old status never stays beside a new file,
    nor one that allows actions where the batch was withdrawn.
    """
    told: PublishedStatus | None = None
    while True:
        try:
            now = published_status(settings, product, at=at)
        except NotMaterializedError:
            status_path(settings, product.name).unlink(missing_ok=True)
            return None
        if told is not None and told.batch == now.batch:
            return told
        write_status(settings, now)
        told = now


def batch_of_version(settings: Settings, product: Product, version: int) -> PublishedBatch | None:
    """Return which batch lies in the file of an earlier version; None where there is no such file."""
    try:
        with _open(settings, product, version_path(settings, product.name, version)) as file:
            return _batch(file, product)
    except NotMaterializedError:
        return None


def _open(settings: Settings, product: Product, path: Path | None = None) -> "pq.ParquetFile":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path or published_path(settings, product.name))
    except (FileNotFoundError, pa.ArrowInvalid) as error:  # gone, or damaged
        raise _missing(product) from error


def _open_version(settings: Settings, product: Product, version: int) -> "pq.ParquetFile":
    """Return the file with a version of the output: the current one, else the one beside it."""
    import pyarrow.parquet as pq

    for path in (published_path(settings, product.name), version_path(settings, product.name, version)):
        with suppress(FileNotFoundError):
            file = pq.ParquetFile(path)
            if _batch(file, product).output_version == version:
                return file
            file.close()
    what = f"a batch of version {version} of the output of {product.name}"
    raise NotMaterializedError(what=what, asset=f"{product.name}/published_predictions")


def _batch(file: "pq.ParquetFile", product: Product) -> PublishedBatch:
    told = (file.schema_arrow.metadata or {}).get(_BATCH)
    if told is None:  # written by an earlier version of the platform
        raise _missing(product)
    return msgspec.json.decode(told, type=PublishedBatch)


def _missing(product: Product) -> NotMaterializedError:
    what = f"the file of {product.name} with the instants of its batch"
    return NotMaterializedError(what=what, asset=f"{product.name}/published_predictions")
