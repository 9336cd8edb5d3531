"""What consumers read: the rows of the current publication as one Parquet file, replaced as a whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.batch.earlier_views import remove_earlier_views, write_earlier_views
from platform_assets.batch.output_versions import version_of
from platform_assets.batch.publication_rows import incomplete
from platform_assets.batch.sole_publisher import sole_publisher
from platform_assets.contract.ages import ages_of, business_now, is_stale
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.inference.durable import sync_directory
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.publication_stamps import stamps_of
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.published.arrow_file import remove_arrow_files
from platform_assets.published.ledger_batch import published_batch
from platform_assets.published.rows import published_path, write_published_file
from platform_assets.published.status import status_of, status_path, write_status
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


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


def published_age(
    settings: Settings, ledger: Ledger, product: Product, publication: Publication, *, at: dt.datetime
) -> PublishedAge:
    """Return the age of a publication at a wall time, from its as-of; it is stale by any of its three clocks."""
    stamps = stamps_of(ledger, publication)
    hours = (business_now(product, settings.clock, at) - stamps.as_of) / dt.timedelta(hours=1)
    return PublishedAge(stamps.as_of, hours, is_stale(ages_of(product, stamps, settings.clock, at)))


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
    newer one. The status beside it says whether its actions are allowed.
    """
    ledger = open_ledger(settings.ledger_dsn)
    with sole_publisher(settings, product):
        publication = current(ledger, product)
        told = published_batch(ledger, publication)
        batch = msgspec.structs.replace(told, output_version=version_of(settings, publication))
        path = write_published_file(settings, product, read_publication(settings, product, publication), batch)
        write_status(settings, status_of(product, batch, settings.clock, at))
        remove_arrow_files(settings, product.name, but=batch.batch_digest)
        write_earlier_views(settings, ledger, product, partial(read_publication, settings, product), at=at)
    return PublishedView(path, publication, published_age(settings, ledger, product, publication, at=at))


def remove_published_view(settings: Settings, ledger: Ledger, product: Product) -> None:
    """Take the published file from consumers where no batch is published any more; who has opened it reads it out.

    Killed anywhere, the next call takes what is left: it asks for no file to know whether there is another one.
    """
    path, status = published_path(settings, product.name), status_path(settings, product.name)
    with sole_publisher(settings, product):
        if current_publication(ledger, product.name) is None and path.parent.is_dir():
            status.unlink(missing_ok=True)  # first: by it readers over HTTP find the rows
            remove_earlier_views(settings, product)
            remove_arrow_files(settings, product.name)
            path.unlink(missing_ok=True)
            status.unlink(missing_ok=True)  # whoever refreshes it had found the file until now
            sync_directory(path.parent, fsync=settings.fsync)


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
        raise incomplete(table, rows.num_rows, publication)
    return rows
