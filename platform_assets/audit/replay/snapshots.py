"""The online snapshot that an answer was made from: its copy, or built again from the history of features."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from platform_assets.audit.replay.refused import Refused
from platform_assets.clock import epoch_seconds
from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product
from platform_assets.errors import FeatureError, PlatformError, SnapshotCorruptError, UnknownRecordError
from platform_assets.inference.frame import Column, Floats
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.online.packing import entity_key, unpack_rows
from platform_assets.online.snapshot_copy import (
    PackedSnapshot,
    copy_path,
    load_copy,
    named_by_content,
    pack_snapshot,
)
from platform_assets.settings import Settings


def find_snapshot(settings: Settings, ledger: Ledger, product: Product, snapshot_id: str) -> PackedSnapshot | Refused:
    """Return the snapshot of this id, whose content has this very id; a copy that was pruned is built again."""
    service = feature_service(product.name, product.features.version)
    try:
        found = load_copy(copy_path(settings.snapshots_dir, service, snapshot_id))
    except FileNotFoundError:
        return _build_again(settings, ledger, product, snapshot_id)
    except SnapshotCorruptError as error:
        return Refused("inputs", str(error))
    return _checked(found, snapshot_id, "its copy")


def stored_values(product: Product, snapshot: PackedSnapshot, columns: Mapping[str, Column]) -> Floats:
    """Return what a snapshot holds for each row, [rows, stored columns] in the order of the declaration; NaN for none.

    `columns` hold the join keys.
    """
    manifest, parts = snapshot.manifest, {}
    for layout, key_set in zip(manifest.key_sets, snapshot.key_sets, strict=True):
        texts = zip(*(columns[name].tolist() for name in layout.join_keys), strict=True)
        raw = _packed(key_set.keys, key_set.words, [entity_key(values).encode() for values in texts])
        rows = unpack_rows(layout, manifest.schema_hash, raw, service=manifest.service)
        parts.update(dict(zip(layout.columns, rows.values.T, strict=True)))
    return np.stack([parts[name] for name in product.stored_columns], axis=1)


def _packed(keys: npt.NDArray[np.bytes_], words: npt.NDArray[np.uint64], asked: list[bytes]) -> list[bytes | None]:
    places = np.searchsorted(keys, np.array(asked, dtype=np.bytes_)) if len(keys) else np.zeros(len(asked), np.int64)
    return [
        words[place].tobytes() if place < len(keys) and keys[place] == key else None
        for key, place in zip(asked, places.tolist(), strict=True)
    ]


def _build_again(settings: Settings, ledger: Ledger, product: Product, snapshot_id: str) -> PackedSnapshot | Refused:
    from platform_assets.features.snapshot import latest_rows  # noqa: PLC0415 - imports pyarrow and DuckDB

    try:
        known = get_artifact(ledger, artifact_id("online_snapshot", product.name, snapshot_id))
    except UnknownRecordError as error:
        return Refused("inputs", f"no copy of snapshot {snapshot_id} is left, and {error}")
    as_of = dt.datetime.fromisoformat(str(known.details["as_of"]))
    try:
        latest = latest_rows(settings, product, as_of=as_of)
    except (FeatureError, PlatformError) as error:
        return Refused("inputs", f"no copy of snapshot {snapshot_id} is left, and it cannot be built again: {error}")
    built = pack_snapshot(latest.manifest, latest.tables, as_of=epoch_seconds(as_of), snapshot_id=snapshot_id)
    return _checked(built, snapshot_id, "what the history of features gives for its as-of")


def _checked(snapshot: PackedSnapshot, snapshot_id: str, what: str) -> PackedSnapshot | Refused:
    actual = named_by_content(snapshot).snapshot_id
    if actual == snapshot_id:
        return snapshot
    return Refused("inputs", f"snapshot {snapshot_id}: {what} has the content of {actual}")
