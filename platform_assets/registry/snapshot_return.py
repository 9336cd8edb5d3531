"""Puts an earlier feature snapshot back: by the pointer alone where the store still holds it, else from its copy."""

import redis

from platform_assets.errors import SnapshotMissingError
from platform_assets.online.connection import address, store_errors
from platform_assets.online.layout import other
from platform_assets.online.slots import Pointer, read_meta, read_pointer
from platform_assets.online.snapshot_copy import copy_path, load_copy
from platform_assets.online.snapshot_writer import publish_packed, rollback
from platform_assets.settings import Settings


def live_snapshot(client: redis.Redis, service: str) -> str | None:
    """Return the id of the live snapshot, or None; raises OnlineStoreUnavailableError."""
    with store_errors(address(client)):
        live = read_pointer(client, service)
    return live.snapshot_id if live else None


def require_snapshot(
    client: redis.Redis, settings: Settings, service: str, snapshot_id: str, *, schema_hash: str
) -> None:
    """Raise unless a snapshot can be put back, whole, and is made of the features that a release was trained on.

    Raises SnapshotMissingError for one of which no copy is left or of another schema, SnapshotCorruptError for a
    damaged copy, OnlineStoreUnavailableError.
    """
    found = _schema_in_store(client, service, snapshot_id)
    if found is None:
        path = copy_path(settings.snapshots_dir, service, snapshot_id)
        try:
            found = load_copy(path).manifest.schema_hash
        except FileNotFoundError:
            raise SnapshotMissingError(service=service, problem=f"its copy {path} is gone") from None
    if found != schema_hash:
        problem = f"snapshot {snapshot_id} has schema {found}, the release was trained on {schema_hash}"
        raise SnapshotMissingError(service=service, problem=problem)


def put_back(client: redis.Redis, settings: Settings, service: str, snapshot_id: str) -> Pointer:
    """Make an earlier snapshot live and return the pointer, whose epoch no cache has seen; a repeat moves nothing.

    Raises what `publish_packed` raises, SnapshotMissingError when no copy is left; what was live then stays live.
    """
    with store_errors(address(client)):
        live = read_pointer(client, service)
        if live is not None and live.snapshot_id == snapshot_id:
            return live
        meta = read_meta(client, service, other(live.slot)) if live else None
    if meta is not None and meta.state == "ready" and meta.snapshot_id == snapshot_id:
        pointer = rollback(client, service, settings=settings)
        if pointer.snapshot_id == snapshot_id:  # otherwise another writer has used that slot in between
            return pointer
    path = copy_path(settings.snapshots_dir, service, snapshot_id)
    try:
        copy = load_copy(path)
    except FileNotFoundError:
        raise SnapshotMissingError(service=service, problem=f"its copy {path} is gone") from None
    return publish_packed(client, copy, settings=settings).pointer


def _schema_in_store(client: redis.Redis, service: str, snapshot_id: str) -> str | None:
    with store_errors(address(client)):
        live = read_pointer(client, service)
        if live is None:
            return None
        if live.snapshot_id == snapshot_id:
            return live.schema_hash
        meta = read_meta(client, service, other(live.slot))
    is_there = meta is not None and meta.state == "ready" and meta.snapshot_id == snapshot_id
    return meta.schema_hash if meta is not None and is_there else None
