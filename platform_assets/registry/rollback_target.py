"""Finds what a rollback is to go back to, and refuses everything that is not sound before anything moves."""

import datetime as dt

import msgspec

from platform_assets.errors import (
    AlreadyInForceError,
    BundleError,
    NoReleaseError,
    NotMaterializedError,
    OnlineStoreError,
    RollbackRefusedError,
    UnknownRecordError,
)
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate, last_decision, model_version_subject
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.releases import find_release
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest
from platform_assets.registry.reigns import last_reign_ended_at, release_at, snapshot_at
from platform_assets.registry.rollback_plan import RollbackPlan
from platform_assets.registry.snapshot_return import live_snapshot, require_snapshot
from platform_assets.settings import Settings


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a product is to go back to: a release by its id, or the state of an instant; one of the two is given."""

    product: str
    release_id: str | None = None
    as_of: dt.datetime | None = None
    with_snapshot: bool = True


def make_plan(settings: Settings, ledger: Ledger, wish: Destination, mandate: Mandate) -> RollbackPlan:
    """Return the plan of a rollback, every byte of its release verified; nothing is changed.

    With a release, the state is the one at the end of its last time in force. Raises UnknownRecordError for a release
    that does not exist, AlreadyInForceError, NoReleaseError, RecalledError, and RollbackRefusedError for anything that
    is gone, damaged or was never in force.
    """
    live = read_live(settings.releases_dir, wish.product)
    if live is None:
        raise NoReleaseError(product=wish.product)
    before = read_release(settings.releases_dir, wish.product, live.release_id)
    release_id, instant = _resolve(ledger, wish, mandate, live_id=live.release_id)
    release, bundle = _verified(settings, wish.product, release_id)
    _require_not_rejected(ledger, release)
    require_sound(ledger, [artifact_id("release", wish.product, release_id)])
    schema_hash = msgspec.json.decode(bundle.features, type=Manifest).schema_hash
    is_online = bundle.product.online is not None
    wanted, current = None, None
    if is_online and wish.with_snapshot:
        wanted = snapshot_at(ledger, wish.product, release.feature_service, instant)
        require_sound(ledger, [artifact_id("online_snapshot", wish.product, wanted)] if wanted else [])
        current = _sound_snapshot(settings, release, wanted, schema_hash=schema_hash)
    is_moving = release_id != live.release_id
    if not is_moving and wanted in {None, current}:
        raise AlreadyInForceError(product=wish.product, release=release_id, snapshot=current)
    return RollbackPlan(
        product=wish.product,
        from_release=before.release_id,
        from_version=before.model_version,
        to_release=release_id,
        to_version=release.model_version,
        sequence=live.sequence,
        sequence_after=live.sequence + is_moving,
        service=release.feature_service,
        schema_hash=schema_hash,
        from_snapshot=current,
        snapshot_id=wanted,
        is_online=is_online,
        as_of=wish.as_of,
        mandate=mandate,
    )


def _resolve(ledger: Ledger, wish: Destination, mandate: Mandate, *, live_id: str) -> tuple[str, dt.datetime]:
    """Return the release and the instant whose snapshot goes with it."""
    if wish.release_id is not None:
        return wish.release_id, _end_of_reign(ledger, wish.product, wish.release_id, live_id=live_id)
    instant = wish.as_of or mandate.at
    if instant > mandate.at:
        problem = f"{instant.isoformat()} has not come yet; name an instant before now."
        raise RollbackRefusedError(product=wish.product, problem=problem)
    release_id = release_at(ledger, wish.product, instant)
    if release_id is None:
        problem = f"no release was in force at {instant.isoformat()}; see `platform releases history {wish.product}`."
        raise RollbackRefusedError(product=wish.product, problem=problem)
    return release_id, instant


def _end_of_reign(ledger: Ledger, product: str, release_id: str, *, live_id: str) -> dt.datetime:
    known = find_release(ledger, release_id)
    if known is None or known.product != product:
        remedy = f"take one of `platform releases list {product}`; nothing was changed"
        raise UnknownRecordError(kind=f"release of {product}", key=release_id, remedy=remedy)
    if release_id == live_id:
        raise AlreadyInForceError(product=product, release=release_id, snapshot=None)
    ended_at = last_reign_ended_at(ledger, product, release_id)
    if ended_at is None:
        problem = f"release {release_id} was never in force; `platform releases approve` puts a version in force."
        raise RollbackRefusedError(product=product, problem=problem)
    return ended_at


def _verified(settings: Settings, product: str, release_id: str) -> tuple[Release, Bundle]:
    try:
        release = read_release(settings.releases_dir, product, release_id)
        bundle = load_bundle(settings.home / release.bundle_path, expected_digest=release.bundle_digest)
    except NoReleaseError as error:
        problem = f"the file of release {release_id} is gone; restore it from a backup."
        raise RollbackRefusedError(product=product, problem=problem) from error
    except NotMaterializedError as error:
        problem = f"the bundle of release {release_id} is gone; restore it from a backup."
        raise RollbackRefusedError(product=product, problem=problem) from error
    except BundleError as error:
        raise RollbackRefusedError(product=product, problem=str(error)) from error
    return release, bundle


def _require_not_rejected(ledger: Ledger, release: Release) -> None:
    subject = model_version_subject(release.product, release.model_version)
    found = last_decision(ledger, "model_version", subject)
    if found is not None and found.verdict == "rejected":
        problem = f"version {release.model_version} was rejected by {found.decided_by} ({found.reason})."
        raise RollbackRefusedError(product=release.product, problem=problem)


def _sound_snapshot(settings: Settings, release: Release, wanted: str | None, *, schema_hash: str) -> str | None:
    """Return the live snapshot of the release's features; raise RollbackRefusedError when `wanted` cannot be live."""
    service = release.feature_service
    try:
        with connect(settings.online_url) as client:
            current = live_snapshot(client, service)
            if wanted is not None:
                require_snapshot(client, settings, service, wanted, schema_hash=schema_hash)
    except OnlineStoreError as error:
        problem = f"{error} Or go back to the release alone with --no-also-snapshot."
        raise RollbackRefusedError(product=release.product, problem=problem) from error
    return current
