"""The state of each product, from the ledger and the live pointers; nothing is asked over the network."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.contract import names
from platform_assets.contract.ages import Age, ages_of, is_stale
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Freshness
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.publications import Publication
    from platform_assets.ledger.snapshots import SnapshotRecord

FreshnessState = Literal["fresh", "warning", "late", "nothing published"]


class ProductStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One product now. `age_hours` is from the as-of of the last publication to business time; None: none yet.

    It is late by any of its three clocks, and then no machine may act on it.
    """

    product: str
    is_online: bool
    release_id: str | None
    model_version: int | None
    as_of: str | None
    revision: int | None
    rows: int | None
    published_at: dt.datetime | None
    age_hours: float | None
    max_age_hours: float
    action_allowed: bool
    freshness: FreshnessState
    snapshot_id: str | None
    snapshot_as_of: dt.datetime | None


def product_statuses(settings: Settings, products: Sequence[Product], *, wall: dt.datetime) -> list[ProductStatus]:
    """Return the status of each product at a wall time; business time follows from the settings' clock."""
    ledger = existing_ledger(settings)
    return [_status(settings, ledger, product, wall) for product in products]


def freshness_of(age_hours: float | None, promise: Freshness) -> FreshnessState:
    """Compare the age of the last publication with the promise; the bounds themselves are still kept."""
    if age_hours is None:
        return "nothing published"
    if age_hours > promise.max_age_hours:
        return "late"
    return "warning" if age_hours > promise.warn_hours else "fresh"


def _status(settings: Settings, ledger: "Ledger | None", product: Product, wall: dt.datetime) -> ProductStatus:
    live = read_live(settings.releases_dir, product.name)
    release = read_release(settings.releases_dir, product.name, live.release_id) if live else None
    publication, snapshot = _recorded(ledger, product)
    ages = _ages(settings, ledger, product, publication, wall) if ledger and publication else []
    age = ages[0].hours if ages else None
    return ProductStatus(
        product=product.name,
        is_online=product.online is not None,
        release_id=release.release_id if release else None,
        model_version=release.model_version if release else None,
        as_of=publication.as_of if publication else None,
        revision=publication.revision if publication else None,
        rows=publication.row_count if publication else None,
        published_at=publication.published_at if publication else None,
        age_hours=age,
        max_age_hours=product.batch.freshness.max_age_hours,
        action_allowed=bool(ages) and not is_stale(ages),
        freshness="late" if is_stale(ages) else freshness_of(age, product.batch.freshness),
        snapshot_id=snapshot.snapshot_id if snapshot else None,
        snapshot_as_of=snapshot.as_of if snapshot else None,
    )


def _recorded(ledger: "Ledger | None", product: Product) -> "tuple[Publication | None, SnapshotRecord | None]":
    if ledger is None:
        return None, None
    from platform_assets.ledger.publications import current_publication
    from platform_assets.ledger.snapshots import current_snapshot

    service = names.feature_service(product.name, product.features.version)
    return current_publication(ledger, product.name), current_snapshot(ledger, service)


def _ages(
    settings: Settings, ledger: "Ledger", product: Product, publication: "Publication", wall: dt.datetime
) -> list[Age]:
    from platform_assets.ledger.publication_stamps import stamps_of

    return ages_of(product, stamps_of(ledger, publication), settings.clock, wall)
