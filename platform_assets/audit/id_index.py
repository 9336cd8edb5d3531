"""Where a prediction lies: for each folder of a table, the keys of its ids in order with file and row of each.

It can be made again from the tables at any time and may be deleted; what it does not cover yet is added when asked for.
A key is the first eight bytes of an id's digest, so a hit is compared with the id that lies there.
"""

import contextlib
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.table import open_table, table_exists

if TYPE_CHECKING:
    import pyarrow as pa

_ENTRY = np.dtype([("key", "<u8"), ("file", "<u4"), ("row", "<u4")])
_KEY_DIGITS = 16
_MOST_PACKS = 8
_ID = "prediction_id"


@dataclass(frozen=True, slots=True)
class Located:
    """A row with its partition columns as text, and its place in its file from 0."""

    row: dict[str, Any]
    place: int


@dataclass(frozen=True, slots=True)
class IdIndex:
    """The index of one table; `folders` of it are named as the table names them, `name=value/name=value`."""

    table_dir: Path
    index_dir: Path

    def find(self, prediction_id: str, *, first: str, folders: str) -> "Located | None":
        """Return the row with this id, or None.

        `first` and `folders` are patterns of folders: where it should lie, and everywhere that it may. What was
        committed since the last look is added to the index on the way; raises LakeWriteError when it cannot be.
        """
        for pattern in (first, folders):
            if (row := self._search(prediction_id, pattern)) is not None:
                return row
        for pattern in (first, folders):
            self.catch_up(pattern)
            # Also where nothing was added: packs may have been merged under the first look.
            if (row := self._search(prediction_id, pattern)) is not None:
                return row
        return None

    def catch_up(self, folders: str = "**") -> int:
        """Add the files of some folders that were committed since; returns how many. Raises LakeWriteError."""
        if not table_exists(self.table_dir):
            return 0
        committed: dict[str, list[str]] = {}
        for uri in open_table(self.table_dir).file_uris():
            path = Path(uri).relative_to(self.table_dir.absolute())
            if folders == "**" or path.parent.match(folders):
                committed.setdefault(path.parent.as_posix(), []).append(path.name)
        added = 0
        for folder, names in committed.items():
            fresh = sorted(set(names) - {name for pack in self._packs(folder) for name in pack.files})
            if fresh:
                self._write(folder, fresh, _entries([self.table_dir / folder / name for name in fresh]))
                self._merge(folder)
                added += len(fresh)
        return added

    def _search(self, prediction_id: str, folders: str) -> "Located | None":
        key = _key_of(prediction_id)
        for directory in sorted(self.index_dir.glob(folders)):
            folder = directory.relative_to(self.index_dir).as_posix()
            for pack in self._packs(folder):
                for name, row in pack.places(key):
                    found = row_at(self.table_dir / folder / name, row)
                    if found is not None and found[_ID] == prediction_id:
                        return Located({**dict(part.split("=", 1) for part in folder.split("/")), **found}, row)
        return None

    def _packs(self, folder: str) -> "list[_Pack]":
        found = []
        for path in sorted((self.index_dir / folder).glob("*.pack")):
            with contextlib.suppress(FileNotFoundError):  # merged into another one meanwhile
                found.append(_open(path))
        return found

    def _merge(self, folder: str) -> None:
        packs = self._packs(folder)
        if len(packs) <= _MOST_PACKS:
            return
        files: list[str] = []
        parts = []
        for pack in packs:
            part = np.array(pack.entries)
            part["file"] += len(files)
            files += pack.files
            parts.append(part)
        self._write(folder, files, np.concatenate(parts))
        for pack in packs:
            pack.path.unlink(missing_ok=True)

    def _write(self, folder: str, files: Sequence[str], entries: np.ndarray) -> None:
        """Write a pack: a line that names its files, then its entries by key; it appears as a whole."""
        directory = self.index_dir / folder
        partial = directory / f".{uuid.uuid4().hex}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(json.dumps(list(files)).encode() + b"\n")
                file.write(entries[np.argsort(entries["key"], kind="stable")].tobytes())
            partial.rename(directory / f"{partial.name[1:]}.pack")
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            reason = f"the index of its predictions cannot be written: {error}"
            raise LakeWriteError(table=str(directory), reason=reason) from error


@dataclass(frozen=True, slots=True)
class _Pack:
    path: Path
    files: list[str]
    entries: np.ndarray

    def places(self, key: int) -> Iterator[tuple[str, int]]:
        keys = self.entries["key"]
        low = int(np.searchsorted(keys, np.uint64(key)))
        while low < len(keys) and int(keys[low]) == key:
            yield self.files[self.entries["file"][low]], int(self.entries["row"][low])
            low += 1


def _open(path: Path) -> _Pack:
    with path.open("rb") as file:
        files = json.loads(file.readline())
        offset = file.tell()
        count = (os.fstat(file.fileno()).st_size - offset) // _ENTRY.itemsize
        if count == 0:
            return _Pack(path, files, np.empty(0, _ENTRY))
        return _Pack(path, files, np.memmap(file, _ENTRY, "r", offset, (count,)))


def _entries(paths: Sequence[Path]) -> np.ndarray:
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    parts = [np.empty(0, _ENTRY)]
    for number, path in enumerate(paths):
        row = 0
        for batch in pq.ParquetFile(path).iter_batches(columns=[_ID]):
            part = np.empty(batch.num_rows, _ENTRY)
            part["key"], part["file"] = _keys(batch.column(0)), number
            part["row"] = np.arange(row, row + batch.num_rows)
            row += batch.num_rows
            parts.append(part)
    return np.concatenate(parts)


def _keys(ids: "pa.Array") -> np.ndarray:
    told = [one.rsplit("-", 1)[-1][:_KEY_DIGITS] for one in ids.to_pylist()]
    try:
        found = np.frombuffer(bytes.fromhex("".join(told)), ">u8")
    except ValueError:
        found = np.empty(0)
    # Ids that are not ours get a key all the same: they are found, only more slowly.
    return found if len(found) == len(told) else np.array([_number(one) for one in told], np.uint64)


def _key_of(prediction_id: str) -> int:
    return _number(prediction_id.rsplit("-", 1)[-1][:_KEY_DIGITS])


def _number(digits: str) -> int:
    try:
        return int(digits, 16)
    except ValueError:
        return 0


def row_at(path: Path, place: int) -> dict[str, Any] | None:
    """Return a row of a Parquet file by its place, reading one group of rows; None beyond its end."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if place < rows:
            found: dict[str, Any] = file.read_row_group(group).slice(place, 1).to_pylist()[0]
            return found
        place -= rows
    return None
