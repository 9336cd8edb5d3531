"""Stored features from the online snapshot: join keys in, one read, columns of the declaration out."""

import dataclasses
from collections.abc import Mapping

import msgspec
import numpy as np

from platform_assets.clock import from_epoch
from platform_assets.contract.prediction_log import Reason
from platform_assets.errors import OnlineStoreError, OnlineStoreUnavailableError, SnapshotMissingError
from platform_assets.inference.frame import Column
from platform_assets.online.packing import entity_key
from platform_assets.online.read_steps import ReadRows
from platform_assets.online.reader import OnlineReader
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from platform_assets.serving.streamed_view import Streamed, StreamedView, entities_of, keys_beside, read_told


class StoreFeatures:
    """Reads the snapshot of a release's feature service; a store that fails gives a reason instead of features."""

    def __init__(self, reader: OnlineReader) -> None:
        """Take the reader, whose budget bounds every call."""
        self._reader = reader

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        """Return the stored features of all rows in one round trip, all of one snapshot."""
        keys = [key_texts(columns, key_set.join_keys) for key_set in live.features.key_sets]
        count = len(keys[0])
        if live.streamed is not None:
            return await self._read_streamed(live, live.streamed, keys)
        try:
            read = await self._reader.read(live.features.service, keys)
        except OnlineStoreError as error:
            return nothing_stored(live.product, count, failure=failure_of(error))
        if read.manifest.schema_hash != live.features.schema_hash:
            return nothing_stored(live.product, count, failure="snapshot_mismatch")
        return _in_declared_order(live, read)

    async def _read_streamed(self, live: LiveRelease, view: StreamedView, keys: list[list[str]]) -> StoredRows:
        entities, entity_of_row = entities_of(keys[view.key_set])
        try:
            read, raw = await self._reader.read_beside(live.features.service, keys, keys_beside(view, entities))
            told = read_told(raw)
        except OnlineStoreError as error:
            return nothing_stored(live.product, len(keys[0]), failure=failure_of(error))
        except msgspec.DecodeError:
            return nothing_stored(live.product, len(keys[0]), failure="snapshot_corrupt")
        if read.manifest.schema_hash != live.features.schema_hash:
            return nothing_stored(live.product, len(keys[0]), failure="snapshot_mismatch")
        return dataclasses.replace(_in_declared_order(live, read), streamed=Streamed(view, told, entity_of_row))

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:
        """Return the snapshot in force; None when there is none or the store is away."""
        try:
            pointer = await self._reader.pointer(live.features.service)
        except OnlineStoreError:
            return None
        return SnapshotSeen(pointer.snapshot_id, from_epoch(pointer.as_of), pointer.epoch) if pointer else None


def key_texts(columns: Mapping[str, Column], join_keys: tuple[str, ...]) -> list[str]:
    """Return the entity key of each row, spelled as the snapshot's writer spells it."""
    return [entity_key(values) for values in zip(*(columns[name].tolist() for name in join_keys), strict=True)]


def failure_of(error: OnlineStoreError) -> Reason:
    """Return the reason that an answer gives for an error of the store."""
    if isinstance(error, OnlineStoreUnavailableError):
        return "online_store_unavailable"
    return "snapshot_missing" if isinstance(error, SnapshotMissingError) else "snapshot_corrupt"


def _in_declared_order(live: LiveRelease, read: ReadRows) -> StoredRows:
    """Return the rows with columns and views in the order of the declaration, whatever the manifest's order is."""
    columns, views = list(read.manifest.columns), [view.name for view in read.manifest.views]
    column_order = [columns.index(name) for name in live.product.stored_columns]
    view_order = [views.index(use.view) for use in live.product.features.views]
    event_times = read.view_times()[:, view_order]
    pointer = read.pointer
    return StoredRows(
        values=read.matrix()[:, column_order],
        event_times=event_times,
        found=~np.isnan(event_times),
        snapshot=SnapshotSeen(pointer.snapshot_id, from_epoch(pointer.as_of), pointer.epoch),
    )
