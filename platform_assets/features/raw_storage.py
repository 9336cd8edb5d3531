"""Atomic writes and the lock of the raw directory: a killed run leaves either the old or the new file."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, fsync: bool) -> None:
    """Replace `path` in one step; a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        if fsync:
            file.flush()
            os.fsync(file.fileno())
    publish(temporary, path, fsync=fsync)


def publish(temporary: Path, path: Path, *, fsync: bool) -> None:
    """Move a finished file to its name and make the move durable."""
    temporary.replace(path)
    if fsync:
        _sync_directory(path.parent)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of a data set; remains of a killed run are removed on entry."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for remains in folder.glob(".download-*"):
            shutil.rmtree(remains, ignore_errors=True)
        for remains in folder.glob("**/.*.tmp"):
            remains.unlink(missing_ok=True)
        yield


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
