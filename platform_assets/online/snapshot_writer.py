"""Publishes a snapshot: only changed rows, into the standby slot, verified, then one flip of the pointer.

A reader sees the old snapshot or the new one, never both. A crash at any point leaves the pointer where it was; the
slot stays marked dirty and the next publication clears it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import redis

from platform_assets.errors import SnapshotCorruptError, SnapshotMissingError
from platform_assets.online.connection import address, store_errors
from platform_assets.online.layout import Manifest, Slot, manifest_key, other
from platform_assets.online.slot_rows import DEFAULT_PACE, Pace, SlotRows, sample
from platform_assets.online.slots import Lease, Pointer, SlotMeta, hold_lease, read_meta, read_pointer
from platform_assets.online.snapshot_copy import (
    KeySetTable,
    PackedSnapshot,
    copy_path,
    load_copy,
    pack_snapshot,
    save_copy,
)
from platform_assets.online.snapshot_diff import KeySetChange, compare, everything_new
from platform_assets.online.snapshot_live import last_epoch, live_copy, record_live
from platform_assets.settings import Settings

PHYSICAL_TTL_S = 90 * 86_400
_RENEW_BELOW_S = PHYSICAL_TTL_S * 9 // 10  # rows that stay are renewed every nine days at most, so live 81 to 90 days


class PublishedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication did; `changed` rows were written and `deleted` ones removed, `rows` are there now.

    `was_rebuilt` says that the slot held nothing usable and was written in full.
    """

    pointer: Pointer
    rows: int
    changed: int
    deleted: int
    bytes_written: int
    was_rebuilt: bool


def publish_snapshot(
    client: redis.Redis,
    manifest: Manifest,
    tables: Sequence[KeySetTable],
    *,
    as_of: float,
    snapshot_id: str,
    settings: Settings,
    pace: Pace = DEFAULT_PACE,
) -> PublishedSnapshot:
    """Make the tables (one per key set, in manifest order) the live snapshot of a service.

    `as_of` is in epoch seconds. A second call with the same content changes nothing. Raises SnapshotCorruptError for
    unusable tables, SnapshotBusyError for a second writer, OnlineStoreUnavailableError; what was live then stays.
    """
    snapshot = pack_snapshot(manifest, tables, as_of=as_of, snapshot_id=snapshot_id)
    return publish_packed(client, snapshot, settings=settings, pace=pace)


def publish_packed(
    client: redis.Redis, snapshot: PackedSnapshot, *, settings: Settings, pace: Pace = DEFAULT_PACE
) -> PublishedSnapshot:
    """Make a packed snapshot the live one: a new one, or the copy of an older one for a deep rollback."""
    service = snapshot.manifest.service
    save_copy(settings.snapshots_dir, snapshot, fsync=settings.fsync)
    with store_errors(address(client)), hold_lease(client, service, lease_ms=pace.lease_ms) as lease:
        published = _Publication(client, lease, snapshot, settings, pace).run()
    record_live(settings, service, published.pointer)
    return published


def rollback(client: redis.Redis, service: str, *, settings: Settings, pace: Pace = DEFAULT_PACE) -> Pointer:
    """Make the previous snapshot live again by moving the pointer alone; return where it points now.

    Raises SnapshotMissingError when the other slot holds none: then publish the copy of an older one.
    """
    with store_errors(address(client)), hold_lease(client, service, lease_ms=pace.lease_ms) as lease:
        live = read_pointer(client, service)
        meta = read_meta(client, service, other(live.slot)) if live else None
        if live is None or meta is None or meta.state != "ready":
            raise SnapshotMissingError(
                service=service, problem="the other slot holds no complete snapshot to go back to"
            )
        epoch = max(live.epoch, last_epoch(settings, service)) + 1
        pointer = _pointer(meta, other(live.slot), epoch)
        lease.flip(pointer, meta)
    record_live(settings, service, pointer)
    return pointer


def rebuild(client: redis.Redis, service: str, *, settings: Settings, pace: Pace = DEFAULT_PACE) -> PublishedSnapshot:
    """Publish again what was live last, after Redis lost it; raises SnapshotMissingError when no copy is left."""
    return publish_packed(client, live_copy(settings, service), settings=settings, pace=pace)


def _pointer(meta: SlotMeta, slot: Slot, epoch: int) -> Pointer:
    return Pointer(slot=slot, snapshot_id=meta.snapshot_id, as_of=meta.as_of, epoch=epoch, schema_hash=meta.schema_hash)


@dataclass(frozen=True, slots=True)
class _Publication:
    client: redis.Redis
    lease: Lease
    snapshot: PackedSnapshot
    settings: Settings
    pace: Pace

    @property
    def service(self) -> str:
        return self.snapshot.manifest.service

    def run(self) -> PublishedSnapshot:
        live = read_pointer(self.client, self.service)
        now = cast("tuple[int, int]", self.client.time())[0]  # the server's clock, since the server expires the keys
        if live is not None and self._is_live_already(live, now):
            return PublishedSnapshot(
                pointer=live, rows=self.snapshot.rows, changed=0, deleted=0, bytes_written=0, was_rebuilt=False
            )
        slot = other(live.slot) if live else "a"
        epoch = max(live.epoch if live else 0, last_epoch(self.settings, self.service)) + 1
        return self._fill(slot, epoch, now)

    def _is_live_already(self, live: Pointer, now: int) -> bool:
        meta = read_meta(self.client, self.service, live.slot)
        return (
            meta is not None
            and meta == self._meta(meta.expires_at)
            and meta.expires_at - now > _RENEW_BELOW_S
            and self._rows(live.slot).holds_all(self.snapshot)
            and self._has_manifest(live.slot)
        )

    def _fill(self, slot: Slot, epoch: int, now: int) -> PublishedSnapshot:
        base, base_expires_at = self._base(slot)
        is_renewed = base_expires_at - now <= _RENEW_BELOW_S
        meta = self._meta(now + PHYSICAL_TTL_S if is_renewed else base_expires_at)
        self.lease.mark(slot, msgspec.structs.replace(meta, state="dirty"))
        rows = self._rows(slot)
        if base is None:
            rows.clear(self.lease)
        changes = everything_new(self.snapshot) if base is None else compare(base, self.snapshot)
        size = 0
        for number, change in enumerate(changes):
            size += rows.write(self.lease, number, change, expires_at=now + PHYSICAL_TTL_S)
            if is_renewed:
                rows.renew(self.lease, number, change, expires_at=now + PHYSICAL_TTL_S)
        self._complete(rows, changes, meta)
        pointer = _pointer(meta, slot, epoch)
        self.lease.flip(pointer, meta)
        return PublishedSnapshot(
            pointer=pointer,
            rows=self.snapshot.rows,
            changed=sum(len(change.changed) for change in changes),
            deleted=sum(len(change.deleted) for change in changes),
            bytes_written=size,
            was_rebuilt=base is None,
        )

    def _base(self, slot: Slot) -> tuple[PackedSnapshot | None, int]:
        """Return what the slot holds to the last bit and until when; (None, 0) when that is not certain."""
        meta = read_meta(self.client, self.service, slot)
        if meta is None or meta.state != "ready":
            return None, 0
        try:
            base = load_copy(copy_path(self.settings.snapshots_dir, self.service, meta.snapshot_id))
        except (FileNotFoundError, SnapshotCorruptError):
            return None, 0
        is_comparable = base.digest == meta.digest and len(base.key_sets) == len(self.snapshot.key_sets)
        return (base, meta.expires_at) if is_comparable and self._rows(slot).holds_all(base) else (None, 0)

    def _complete(self, rows: SlotRows, changes: Sequence[KeySetChange], meta: SlotMeta) -> None:
        """Write the manifest and check the slot; raise SnapshotCorruptError before anything of it goes live."""
        manifest = msgspec.json.encode(self.snapshot.manifest)
        self.lease.write_manifest(rows.slot, manifest, expires_at=meta.expires_at)
        if not self._has_manifest(rows.slot):
            raise SnapshotCorruptError(service=self.service, problem="its manifest did not arrive")
        for number, change in enumerate(changes):
            if rows.count(number, change.wanted.keys) != len(change.wanted.keys) or rows.count(number, change.deleted):
                raise SnapshotCorruptError(service=self.service, problem="rows are absent or were not deleted")
            if not rows.are_equal(number, change.wanted, sample(change, self.pace.sample_rows)):
                raise SnapshotCorruptError(service=self.service, problem="a row read back is not what was written")

    def _has_manifest(self, slot: Slot) -> bool:
        raw = cast("bytes | None", self.client.get(manifest_key(self.service, slot)))
        return raw == msgspec.json.encode(self.snapshot.manifest)

    def _rows(self, slot: Slot) -> SlotRows:
        return SlotRows(client=self.client, service=self.service, slot=slot, pace=self.pace)

    def _meta(self, expires_at: int) -> SlotMeta:
        return SlotMeta(
            state="ready",
            snapshot_id=self.snapshot.snapshot_id,
            as_of=self.snapshot.as_of,
            digest=self.snapshot.digest,
            schema_hash=self.snapshot.manifest.schema_hash,
            rows=self.snapshot.rows,
            expires_at=expires_at,
        )
