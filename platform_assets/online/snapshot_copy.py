"""A packed snapshot in memory and its copy on disk: the base of diffs, of rebuilds and of deep rollback."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

import msgspec
import numpy as np

from platform_assets.errors import SnapshotCorruptError
from platform_assets.online.layout import KeySetLayout, Manifest
from platform_assets.online.packing import ByteArray, FloatArray, WordArray, entity_keys, pack_rows


class KeySetTable(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one key set before packing.

    `key_columns` holds one sequence of n values per join key; `event_times` is float64 [n, views] in epoch seconds with
    NaN where a view has no row; `values` is float64 [n, columns].
    """

    key_columns: Sequence[Sequence[object] | np.ndarray]
    event_times: FloatArray
    values: FloatArray


class PackedKeySet(msgspec.Struct, frozen=True, kw_only=True):
    """Unique sorted entity keys [n] and their packed values [n, width]."""

    keys: ByteArray
    words: WordArray


class PackedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one slot holds; `digest` identifies the content, whatever its name."""

    manifest: Manifest
    snapshot_id: str
    as_of: float
    key_sets: tuple[PackedKeySet, ...]
    digest: str

    @property
    def rows(self) -> int:
        """How many packed values the snapshot has over all key sets."""
        return sum(len(key_set.keys) for key_set in self.key_sets)


class _Label(msgspec.Struct, frozen=True, kw_only=True):
    manifest: Manifest
    snapshot_id: str
    as_of: float
    digest: str


def pack_snapshot(
    manifest: Manifest, tables: Sequence[KeySetTable], *, as_of: float, snapshot_id: str
) -> PackedSnapshot:
    """Return the packed snapshot of one table per key set, in manifest order.

    Raises SnapshotCorruptError when tables and manifest differ or an entity stands twice.
    """
    layouts = manifest.key_sets
    if len(layouts) != len(tables):
        problem = f"{len(tables)} tables for {len(layouts)} key sets"
        raise SnapshotCorruptError(service=manifest.service, problem=problem)
    packed = tuple(_pack_table(manifest, layout, table) for layout, table in zip(layouts, tables, strict=True))
    digest = _digest(manifest, packed)
    return PackedSnapshot(manifest=manifest, snapshot_id=snapshot_id, as_of=as_of, key_sets=packed, digest=digest)


def named_by_content(snapshot: PackedSnapshot) -> PackedSnapshot:
    """Return the snapshot under an id of its values and as-of, so that the same snapshot has the same id."""
    told = hashlib.sha256(f"{snapshot.digest} {snapshot.as_of}".encode()).hexdigest()
    return msgspec.structs.replace(snapshot, snapshot_id=told[:16])


def _pack_table(manifest: Manifest, layout: KeySetLayout, table: KeySetTable) -> PackedKeySet:
    keys = entity_keys(table.key_columns)
    if len(keys) != len(table.values):
        problem = f"{len(keys)} keys for {len(table.values)} rows of {layout.join_keys}"
        raise SnapshotCorruptError(service=manifest.service, problem=problem)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    repeated = keys[1:][keys[1:] == keys[:-1]]
    if len(repeated):
        problem = f"entity {repeated[0].decode()!r} of {layout.join_keys} stands twice"
        raise SnapshotCorruptError(service=manifest.service, problem=problem)
    words = pack_rows(layout, manifest.schema_hash, table.event_times, table.values)
    return PackedKeySet(keys=keys, words=words[order])


def _digest(manifest: Manifest, key_sets: Sequence[PackedKeySet]) -> str:
    state = hashlib.blake2b(manifest.schema_hash.encode(), digest_size=16)
    for key_set in key_sets:
        state.update(f"|{key_set.keys.dtype}|{key_set.words.shape}|".encode())
        state.update(np.ascontiguousarray(key_set.keys).tobytes())
        state.update(np.ascontiguousarray(key_set.words).tobytes())
    return state.hexdigest()


def copy_path(directory: Path, service: str, snapshot_id: str) -> Path:
    """Return where the copy of a snapshot lies under the snapshots directory."""
    return directory / service / f"{snapshot_id}.npz"


def save_copy(directory: Path, snapshot: PackedSnapshot, *, fsync: bool) -> Path:
    """Write the copy of a snapshot so that it is there as a whole or not at all; return its path."""
    path = copy_path(directory, snapshot.manifest.service, snapshot.snapshot_id)
    label = _Label(
        manifest=snapshot.manifest,
        snapshot_id=snapshot.snapshot_id,
        as_of=snapshot.as_of,
        digest=snapshot.digest,
    )
    arrays: dict[str, np.ndarray] = {"label": np.frombuffer(msgspec.json.encode(label), dtype=np.uint8)}
    for number, key_set in enumerate(snapshot.key_sets):
        arrays |= {f"keys_{number}": key_set.keys, f"words_{number}": key_set.words}
    with replaced(path, fsync=fsync) as file:
        np.savez(file, allow_pickle=False, **arrays)
    return path


def load_copy(path: Path) -> PackedSnapshot:
    """Return the snapshot of a copy, checked against its own digest.

    Raises FileNotFoundError when it is absent, SnapshotCorruptError when it is damaged.
    """
    service = path.parent.name
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            label = msgspec.json.decode(arrays["label"].tobytes(), type=_Label)
            count = len(label.manifest.key_sets)
            key_sets = tuple(PackedKeySet(keys=arrays[f"keys_{i}"], words=arrays[f"words_{i}"]) for i in range(count))
    except (BadZipFile, KeyError, TypeError, ValueError, EOFError, msgspec.DecodeError) as error:
        raise SnapshotCorruptError(service=service, problem=f"its copy {path} is damaged: {error}") from error
    if _digest(label.manifest, key_sets) != label.digest:
        raise SnapshotCorruptError(service=service, problem=f"its copy {path} does not match its digest")
    return PackedSnapshot(
        manifest=label.manifest,
        snapshot_id=label.snapshot_id,
        as_of=label.as_of,
        key_sets=key_sets,
        digest=label.digest,
    )


def prune_copies(directory: Path, service: str, *, keep: int) -> list[Path]:
    """Delete all but the `keep` last written copies of a service and return what was deleted.

    A slot whose copy is gone is written in full by the next publication; nothing else depends on it.
    """
    copies = sorted((directory / service).glob("*.npz"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in copies[keep:]:
        path.unlink(missing_ok=True)
    return copies[keep:]


@contextmanager
def replaced(path: Path, *, fsync: bool) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the place of `path` at the end, and only when nothing failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if fsync:
                os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    if fsync:
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
