"""The rows of one slot: written, renewed, deleted and counted in small commands that leave readers their turn."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import redis

from platform_assets.online.layout import Slot, row_prefix
from platform_assets.online.packing import ByteArray
from platform_assets.online.slots import Lease
from platform_assets.online.snapshot_copy import PackedKeySet, PackedSnapshot
from platform_assets.online.snapshot_diff import IndexArray, KeySetChange

_KEYS_PER_CHECK = 1000
_KEYS_PER_SCAN = 5000


@dataclass(frozen=True, slots=True)
class Pace:
    """How gently a writer treats the readers: rows per command, commands per pause, and how much is read back."""

    rows_per_command: int = 200
    commands_per_pause: int = 10
    pause_s: float = 0.002
    lease_ms: int = 15_000
    sample_rows: int = 500


DEFAULT_PACE = Pace()


@dataclass(frozen=True, slots=True)
class SlotRows:
    """The rows of one slot of a service, addressed by key set and entity key."""

    client: redis.Redis
    service: str
    slot: Slot
    pace: Pace = DEFAULT_PACE

    def write(self, lease: Lease, key_set: int, change: KeySetChange, *, expires_at: int) -> int:
        """Write the changed rows, delete the deleted ones; return the bytes sent as keys and values."""
        size = 0
        for rows in self._paced(change.changed):
            keys = self._keys(key_set, change.wanted.keys[rows])
            values = [row.tobytes() for row in change.wanted.words[rows]]
            lease.write(keys, values, expires_at=expires_at)
            size += sum(map(len, keys)) + sum(map(len, values))
        for part in self._paced(np.arange(len(change.deleted))):
            lease.unlink(self._keys(key_set, change.deleted[part]))
        return size

    def renew(self, lease: Lease, key_set: int, change: KeySetChange, *, expires_at: int) -> None:
        """Move the expiry of the rows that stay."""
        for rows in self._paced(change.kept):
            lease.renew(self._keys(key_set, change.wanted.keys[rows]), expires_at=expires_at)

    def clear(self, lease: Lease) -> None:
        """Delete whatever rows the slot has, known or not."""
        found = list(self.client.scan_iter(match=row_prefix(self.service, self.slot) + b"*", count=_KEYS_PER_SCAN))
        for part in self._paced(np.arange(len(found))):
            lease.unlink([found[i] for i in part])

    def holds_all(self, snapshot: PackedSnapshot) -> bool:
        """Tell whether every row of a snapshot exists in the slot."""
        return all(self.count(n, key_set.keys) == len(key_set.keys) for n, key_set in enumerate(snapshot.key_sets))

    def count(self, key_set: int, entities: ByteArray) -> int:
        """Return how many of the entities have a row."""
        starts = range(0, len(entities), _KEYS_PER_CHECK)
        parts = (self._keys(key_set, entities[start : start + _KEYS_PER_CHECK]) for start in starts)
        return sum(cast("int", self.client.exists(*part)) for part in parts)

    def are_equal(self, key_set: int, wanted: PackedKeySet, rows: IndexArray) -> bool:
        """Read rows back and tell whether they are the wanted ones to the last bit."""
        if not len(rows):
            return True
        stored = cast("list[bytes | None]", self.client.mget(self._keys(key_set, wanted.keys[rows])))
        return stored == [row.tobytes() for row in wanted.words[rows]]

    def _keys(self, key_set: int, entities: ByteArray) -> list[bytes]:
        prefix = row_prefix(self.service, self.slot, key_set)
        return [prefix + entity for entity in cast("list[bytes]", entities.tolist())]

    def _paced(self, rows: IndexArray) -> Iterator[IndexArray]:
        for number, start in enumerate(range(0, len(rows), self.pace.rows_per_command), start=1):
            yield rows[start : start + self.pace.rows_per_command]
            if number % self.pace.commands_per_pause == 0:
                time.sleep(self.pace.pause_s)


def sample(change: KeySetChange, size: int) -> IndexArray:
    """Return up to `size` rows spread over all rows and as many over the changed ones; the same ones every time."""
    spread: Sequence[IndexArray] = [_spread(np.arange(len(change.wanted.keys)), size), _spread(change.changed, size)]
    return np.union1d(*spread)


def _spread(rows: IndexArray, size: int) -> IndexArray:
    return rows[:: max(1, -(-len(rows) // size))]
