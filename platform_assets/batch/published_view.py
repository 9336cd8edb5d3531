"""What consumers read: the rows of the current publication as one Parquet file, replaced as a whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.batch.sole_publisher import sole_publisher
from platform_assets.clock import midnight
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import LakeWriteError, NotMaterializedError
from platform_assets.inference.durable import write_file
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class PublishedAge:
    """How old a publication is at the business time, from its as-of, and whether that breaks the promise."""

    as_of: dt.datetime
    hours: float
    is_stale: bool


@dataclass(frozen=True, slots=True)
class PublishedView:
    """The file that consumers read, what it holds and how old that is."""

    path: Path
    publication: Publication
    age: PublishedAge


def published_age(settings: Settings, product: Product, publication: Publication, *, at: dt.datetime) -> PublishedAge:
    """Return the age of a publication at a wall time."""
    as_of = midnight(dt.date.fromisoformat(publication.as_of))
    now = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)
    hours = (now - as_of).total_seconds() / _SECONDS_PER_HOUR
    return PublishedAge(as_of, hours, hours > product.batch.freshness.max_age_hours)


def current(ledger: Ledger, product: Product) -> Publication:
    """Return the publication that consumers read; raises NotMaterializedError before the first."""
    found = current_publication(ledger, product.name)
    if found is None:
        raise NotMaterializedError(what=f"a published batch of {product.name}", asset=f"{product.name}/predictions")
    return found


def read_published(settings: Settings, product: Product) -> "pa.Table":
    """Return the rows that are published now; raises NotMaterializedError before the first publication."""
    return read_publication(settings, product, current(open_ledger(settings.ledger_dsn), product))


def read_published_inputs(settings: Settings, product: Product) -> "pa.Table":
    """Return what the published batch was scored from: row keys, request fields and stored features."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    ledger = open_ledger(settings.ledger_dsn)
    # From the manifest, not from a row: a batch may have none.
    publication = get_artifact(ledger, artifact_id("publication", product.name, current(ledger, product).digest))
    return pq.read_table(get_artifact(ledger, publication.inputs[0]).uri)


def write_published_view(settings: Settings, product: Product, *, at: dt.datetime) -> PublishedView:
    """Write the current publication to the file that consumers read, and judge its age at the business time.

    A reader holds the old file or the new one, never a part of one; of several writers none puts an older batch over a
    newer one.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    ledger = open_ledger(settings.ledger_dsn)
    path = settings.published_dir / f"{product.name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    with sole_publisher(settings, product):
        publication = current(ledger, product)
        pq.write_table(read_publication(settings, product, publication), sink, compression="zstd")
        write_file(path, sink.getvalue().to_pybytes(), fsync=settings.fsync)
    return PublishedView(path, publication, published_age(settings, product, publication, at=at))


def read_publication(
    settings: Settings, product: Product, publication: Publication, *, columns: Sequence[str] | None = None
) -> "pa.Table":
    """Return the rows of a publication, all columns by default; raises LakeWriteError when the table lacks any."""
    filters = [
        ("prediction_date", "=", dt.date.fromisoformat(publication.as_of)),
        ("model_version", "=", publication.model_version),
        ("batch_digest", "=", publication.digest),
    ]
    table = settings.predictions_dir / product.name
    rows = read_table(table, columns=columns, filters=filters)
    if rows.num_rows != publication.row_count:
        reason = f"it holds {rows.num_rows} rows of a publication of {publication.row_count}; restore it from a backup"
        raise LakeWriteError(table=str(table), reason=reason)
    return rows
