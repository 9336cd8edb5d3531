"""Files that appear whole or not at all, and survive a power cut."""

import os
import secrets
from pathlib import Path


def write_file(path: Path, content: bytes, *, fsync: bool = True) -> None:
    """Replace a file atomically: a reader sees the old or the new content, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        write_plain(temporary, content, fsync=fsync)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent, fsync=fsync)


def write_plain(path: Path, content: bytes, *, fsync: bool = True) -> None:
    """Write a file and wait until it is on disk; for files that nobody reads yet."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if fsync:
            os.fsync(file.fileno())


def sync_directory(path: Path, *, fsync: bool = True) -> None:
    """Wait until the names in a directory are on disk."""
    if not fsync:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
