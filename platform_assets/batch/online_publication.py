"""Publishes what the endpoint reads: the newest stored features of a product and its last published batch."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from platform_assets.batch.last_batch import pack_last_batch
from platform_assets.batch.published_view import current, read_publication
from platform_assets.batch.sole_publisher import sole_publisher
from platform_assets.clock import epoch_seconds, from_epoch
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.features.snapshot import latest_rows
from platform_assets.features.sources import source_artifacts
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.publication_stamps import stamps_of
from platform_assets.ledger.publications import current_publication, publications
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.snapshots import record_snapshot
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import (
    PackedSnapshot,
    copy_path,
    named_by_content,
    pack_snapshot,
    prune_copies,
)
from platform_assets.online.snapshot_writer import PublishedSnapshot, publish_packed
from platform_assets.settings import Settings

KEPT_COPIES = 10
NOTHING_PUBLISHED = "0" * 16
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class OnlinePublication:
    """The snapshot that is live now, what it took to get there and how old its newest value is."""

    snapshot_id: str
    as_of: dt.datetime
    features: PublishedSnapshot
    last_batch: PublishedSnapshot
    newest_event_at: dt.datetime

    @property
    def lag_hours(self) -> float:
        """How much older than the as-of the newest value is."""
        return (self.as_of - self.newest_event_at).total_seconds() / _SECONDS_PER_HOUR

    def as_metadata(self) -> dict[str, str | int | float | bool]:
        """Return the publication as asset metadata."""
        return {
            "snapshot_id": self.snapshot_id,
            "as_of": self.as_of.isoformat(),
            "newest_event_at": self.newest_event_at.isoformat(),
            "lag_hours": self.lag_hours,
            "dagster/row_count": self.features.rows,
            "rows_changed": self.features.changed,
            "rows_deleted": self.features.deleted,
            "bytes_written": self.features.bytes_written,
            "was_rebuilt": self.features.was_rebuilt,
            "epoch": self.features.pointer.epoch,
            "slot": self.features.pointer.slot,
            "last_batch_rows": self.last_batch.rows,
            "last_batch_rows_changed": self.last_batch.changed,
        }


def publish_online(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, *, as_of: dt.datetime | None = None
) -> OnlinePublication:
    """Make the newest stored features at the as-of (default: the business time) live in the online store.

    Publishing the same values again writes nothing. Raises NotMaterializedError before the first batch or history,
    RecalledError for recalled sources, OnlineStoreUnavailableError; what was live before stays live.
    """
    instant = as_of or settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=facts.at)
    latest = latest_rows(settings, product, as_of=instant)
    packed = named_by_content(
        pack_snapshot(latest.manifest, latest.tables, as_of=epoch_seconds(instant), snapshot_id="unnamed")
    )
    current(ledger, product)  # nothing goes live before the first batch
    require_sound(ledger, source_artifacts(ledger, product))
    # In the manifest first: an answer may be made from a snapshot as soon as it is live, and must be traceable.
    newest = from_epoch(max(float(np.nanmax(table.event_times)) for table in latest.tables if len(table.event_times)))
    _record_made(settings, ledger, product, facts, packed, newest_event_at=newest)
    with connect(settings.online_url) as client:
        published = publish_packed(client, packed, settings=settings)
    _record_live(settings, ledger, facts, packed, published)
    published_batch = publish_last_batch(settings, ledger, product)
    prune_copies(settings.snapshots_dir, packed.manifest.service, keep=KEPT_COPIES)
    return OnlinePublication(packed.snapshot_id, instant, published, published_batch, newest)


def publish_last_batch(settings: Settings, ledger: Ledger, product: Product) -> PublishedSnapshot:
    """Make the batch that is published now the one that the endpoint falls back on; a repeat writes nothing.

    Where every batch was withdrawn it is one without rows, so that the endpoint takes its next fallback. Raises
    NotMaterializedError before the first batch, OnlineStoreUnavailableError; what was live before stays live.
    """
    with sole_publisher(settings, product), connect(settings.online_url) as client:
        last_batch = _pack_last_batch(settings, ledger, product)
        published = publish_packed(client, last_batch, settings=settings)
    prune_copies(settings.snapshots_dir, last_batch.manifest.service, keep=KEPT_COPIES)
    return published


def _pack_last_batch(settings: Settings, ledger: Ledger, product: Product) -> PackedSnapshot:
    ever = publications(ledger, product.name)
    shown = current_publication(ledger, product.name)
    publication = shown if shown is not None or not ever else ever[-1]
    if publication is None:
        publication = current(ledger, product)  # says what to materialize
    rows, snapshot_id = read_publication(settings, product, publication), publication.digest[:16]
    if shown is None:
        rows, snapshot_id = rows.slice(0, 0), NOTHING_PUBLISHED
    stamps = stamps_of(ledger, publication)
    return pack_last_batch(product, rows, stamps=stamps, clock=settings.clock, snapshot_id=snapshot_id)


def _record_made(
    settings: Settings,
    ledger: Ledger,
    product: Product,
    facts: RunFacts,
    snapshot: PackedSnapshot,
    *,
    newest_event_at: dt.datetime,
) -> None:
    record(
        ledger,
        facts,
        kind="online_snapshot",
        name=product.name,
        digest=snapshot.snapshot_id,
        uri=_uri(settings, snapshot),
        inputs=source_artifacts(ledger, product),
        details={
            "service": snapshot.manifest.service,
            "as_of": from_epoch(snapshot.as_of).isoformat(),
            "newest_event_at": newest_event_at.isoformat(),
        },
    )


def _record_live(
    settings: Settings, ledger: Ledger, facts: RunFacts, snapshot: PackedSnapshot, published: PublishedSnapshot
) -> None:
    record_snapshot(
        ledger,
        service=snapshot.manifest.service,
        snapshot_id=snapshot.snapshot_id,
        as_of=from_epoch(snapshot.as_of),
        rows=published.rows,
        changed=published.changed,
        deleted=published.deleted,
        published_at=facts.at,
        run_id=facts.run_id,
        uri=_uri(settings, snapshot),
    )


def _uri(settings: Settings, snapshot: PackedSnapshot) -> str:
    return str(copy_path(settings.snapshots_dir, snapshot.manifest.service, snapshot.snapshot_id))
