"""One consistent read, free of any transport: which keys to fetch next, and what the answers mean.

A read fetches pointer and values in ONE command, which the server runs as a whole. When the pointer is not the one that
the keys were built for, the values are thrown away and fetched again, so no answer mixes two snapshots.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from platform_assets.errors import SnapshotCorruptError, SnapshotMissingError
from platform_assets.online.layout import KeySetLayout, Manifest, manifest_key, pointer_key, row_prefix
from platform_assets.online.packing import BoolArray, FloatArray, UnpackedRows, unpack_rows
from platform_assets.online.slots import Pointer, decode_pointer

KeySetKeys = Sequence[Sequence[str]]
_MOST_TURNS = 8


@dataclass(frozen=True, slots=True)
class Head:
    """The pointer that a read was made under, as stored and as understood, with its manifest and row prefixes."""

    raw: bytes
    pointer: Pointer
    manifest: Manifest
    key_sets: tuple[KeySetLayout, ...]
    prefixes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ReadRows:
    """The rows of one read, all of one snapshot; the fields hold one item per key set, in manifest order.

    `values` float64 [n, columns] and `event_times` float64 [n, views] in epoch seconds, NaN where nothing is known;
    `found` bool [n]. `n` is the number of keys that were asked for in that key set.
    """

    pointer: Pointer
    manifest: Manifest
    values: tuple[FloatArray, ...]
    event_times: tuple[FloatArray, ...]
    found: tuple[BoolArray, ...]

    def matrix(self) -> FloatArray:
        """Return [n, columns] in the order of `manifest.columns`; every key set must have been asked for n keys."""
        return _in_order(self.manifest.columns, [key_set.columns for key_set in self.manifest.key_sets], self.values)

    def view_times(self) -> FloatArray:
        """Return the event times [n, views] in the order of `manifest.views`; NaN where a view has no row."""
        names = [tuple(view.name for view in key_set.views) for key_set in self.manifest.key_sets]
        return _in_order(tuple(view.name for view in self.manifest.views), names, self.event_times)

    def part(self, starts: Sequence[int], ends: Sequence[int]) -> "ReadRows":
        """Return some of the rows: from `starts` to `ends`, one bound per key set."""
        cuts = [slice(start, end) for start, end in zip(starts, ends, strict=True)]
        return ReadRows(
            pointer=self.pointer,
            manifest=self.manifest,
            values=tuple(array[cut] for array, cut in zip(self.values, cuts, strict=True)),
            event_times=tuple(array[cut] for array, cut in zip(self.event_times, cuts, strict=True)),
            found=tuple(array[cut] for array, cut in zip(self.found, cuts, strict=True)),
        )

    def stale_views(self, at: float) -> BoolArray:
        """Return [n, views]: which views had a row whose age at `at` (epoch seconds) exceeds the view's maximum."""
        limits = np.array([np.inf if v.max_age_seconds is None else v.max_age_seconds for v in self.manifest.views])
        with np.errstate(invalid="ignore"):
            return (at - self.view_times()) > limits


def _in_order(names: tuple[str, ...], parts: Sequence[tuple[str, ...]], arrays: Sequence[FloatArray]) -> FloatArray:
    joined = np.concatenate(arrays, axis=1) if len(arrays) > 1 else arrays[0]
    flat = [name for part in parts for name in part]
    return joined if len(arrays) == 1 else joined[:, [flat.index(name) for name in names]]


def read_steps(
    service: str, head: Head | None, keys: KeySetKeys, beside: Sequence[bytes] = ()
) -> Generator[list[bytes], list[bytes | None], tuple[Head, list[bytes | None]]]:
    """Yield lists of keys to fetch in one command each; return the head and the raw values, key set after key set.

    What the keys `beside` hold comes last: they belong to somebody else and are read in the same command.
    Raises SnapshotMissingError when nothing is published, SnapshotCorruptError for an unreadable pointer or manifest,
    when the two do not agree, and for a wrong number of key sets.
    """
    if head is not None and len(keys) == len(head.key_sets):
        answer = yield _row_keys(head, keys, beside)
        if answer[0] == head.raw:
            return head, answer[1:]
    raw = (yield [pointer_key(service)])[0]
    for _ in range(_MOST_TURNS):
        pointer = known_pointer(service, raw)
        raw_manifest = (yield [manifest_key(service, pointer.slot)])[0]
        head = _head(service, raw or b"", pointer, raw_manifest)
        if head is None:
            raw = (yield [pointer_key(service)])[0]
            continue
        answer = yield _row_keys(head, keys, beside)
        if answer[0] == head.raw:
            return head, answer[1:]
        raw = answer[0]
    raise SnapshotCorruptError(service=service, problem=f"pointer and manifest did not agree in {_MOST_TURNS} reads")


def unpack_answer(head: Head, keys: KeySetKeys, raw: Sequence[bytes | None]) -> ReadRows:
    """Return the rows behind the raw values of `keys`; raises SnapshotCorruptError."""
    rows: list[UnpackedRows] = []
    start = 0
    for layout, entities in zip(head.key_sets, keys, strict=True):
        part = raw[start : start + len(entities)]
        rows.append(unpack_rows(layout, head.pointer.schema_hash, part, service=head.manifest.service))
        start += len(entities)
    return ReadRows(
        pointer=head.pointer,
        manifest=head.manifest,
        values=tuple(r.values for r in rows),
        event_times=tuple(r.event_times for r in rows),
        found=tuple(r.found for r in rows),
    )


def _row_keys(head: Head, keys: KeySetKeys, beside: Sequence[bytes]) -> list[bytes]:
    if len(keys) != len(head.key_sets):
        problem = f"keys of {len(keys)} key sets were asked for, it has {[k.join_keys for k in head.key_sets]}"
        raise SnapshotCorruptError(service=head.manifest.service, problem=problem)
    rows = [
        prefix + entity.encode() for prefix, entities in zip(head.prefixes, keys, strict=True) for entity in entities
    ]
    return [pointer_key(head.manifest.service), *rows, *beside]


def known_pointer(service: str, raw: bytes | None) -> Pointer:
    """Return a stored pointer; raises SnapshotMissingError for None, SnapshotCorruptError for an unreadable one."""
    if raw is None:
        raise SnapshotMissingError(service=service, problem="nothing is published")
    try:
        return decode_pointer(raw)
    except msgspec.DecodeError as error:
        raise SnapshotCorruptError(service=service, problem=f"its pointer is unreadable: {error}") from error


def _head(service: str, raw: bytes, pointer: Pointer, raw_manifest: bytes | None) -> Head | None:
    """Return the head, None when the slot was overwritten since the pointer was read."""
    if raw_manifest is None:
        return None
    try:
        manifest = msgspec.json.decode(raw_manifest, type=Manifest)
    except msgspec.DecodeError as error:
        raise SnapshotCorruptError(service=service, problem=f"its manifest is unreadable: {error}") from error
    if manifest.schema_hash != pointer.schema_hash:
        return None
    key_sets = manifest.key_sets
    prefixes = tuple(row_prefix(service, pointer.slot, key_set.number) for key_set in key_sets)
    return Head(raw=raw, pointer=pointer, manifest=manifest, key_sets=key_sets, prefixes=prefixes)
