"""Spool files: prediction log entries on disk while Redis is away.

A living process holds the lock of its own spool file, so a file whose lock is free belongs to a dead process and may be
taken over. Entries lie in frames (length, checksum, MessagePack list); a frame that a crash cut short was never
acknowledged and is ignored.
"""

import fcntl
import os
import uuid
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

import msgspec

from platform_assets.online.snapshot_copy import sync_directory

_SUFFIX = ".spool"
_HEADER_BYTES = 8
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[bytes])


class Spool:
    """One locked spool file; what `append` returned from survives a crash, and with `fsync` a loss of power."""

    def __init__(self, path: Path, file: IO[bytes], *, fsync: bool) -> None:
        """Wrap a file that is open for appending and locked."""
        self.path = path
        self._file = file
        self._fsync = fsync
        self._end = 0

    @classmethod
    def create(cls, directory: Path, *, fsync: bool) -> Self:
        """Return a new empty spool file of this process."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{os.getpid()}-{uuid.uuid4().hex}{_SUFFIX}"
        draft = path.with_suffix(".new")
        file = draft.open("x+b", buffering=0)
        try:
            # It gets its name only when it is locked, so nobody takes it for the file of a dead process.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(path)
            if fsync:
                sync_directory(directory)
        except OSError:
            file.close()
            draft.unlink(missing_ok=True)
            raise
        return cls(path, file, fsync=fsync)

    @classmethod
    def take_over(cls, path: Path) -> Self | None:
        """Return the spool file of a dead process, None while it is in use or when it is gone."""
        try:
            file = path.open("r+b", buffering=0)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_same = path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except (BlockingIOError, FileNotFoundError):
            file.close()
            return None
        if not is_same:
            file.close()
            return None
        return cls(path, file, fsync=False)

    def append(self, entries: Sequence[bytes]) -> None:
        """Write entries as one frame; on OSError none of them counts as written, and the next frame takes the place."""
        body = _ENCODER.encode(list(entries))
        frame = memoryview(_header(body) + body)
        offset = self._end
        while frame:
            written = os.pwrite(self._file.fileno(), frame, offset)
            frame, offset = frame[written:], offset + written
        if self._fsync:
            os.fsync(self._file.fileno())
        self._end = offset

    def batches(self) -> Iterator[list[bytes]]:
        """Yield the batches in the order in which they were written, also of a file that somebody deleted."""
        file, offset = self._file.fileno(), 0
        while len(header := os.pread(file, _HEADER_BYTES, offset)) == _HEADER_BYTES:
            offset += _HEADER_BYTES
            body = os.pread(file, int.from_bytes(header[:4], "little"), offset)
            # A loss of power may leave zeros at the end, which look like the header of an empty body.
            if not body or header != _header(body):
                return
            offset += len(body)
            yield _DECODER.decode(body)

    @property
    def is_gone(self) -> bool:
        """Whether the file was deleted: what it holds ends with this process."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def written_anew(self) -> Self:
        """Return a new spool file of the same directory with the same batches, in place of this one that is gone."""
        anew = self.create(self.path.parent, fsync=self._fsync)
        try:
            for entries in self.batches():
                anew.append(entries)
        except OSError:
            anew.delete()
            raise
        self.close()
        return anew

    def delete(self) -> None:
        """Remove the file; its entries are elsewhere by now."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release the file and leave it for whoever takes it over."""
        self._file.close()


def _header(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little")


def spooled(directory: Path) -> list[Path]:
    """Return the spool files that hold entries, of living and dead processes, oldest first."""
    return sorted(directory.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
