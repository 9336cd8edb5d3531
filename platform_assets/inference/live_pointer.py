"""The live pointer: which release of a product is in force. It moves by compare-and-set, in one atomic step."""

import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from platform_assets.errors import ModelUnusableError, ReleaseConflictError
from platform_assets.inference.durable import write_file
from platform_assets.inference.release import read_release


class LivePointer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The release in force; `sequence` counts the moves from 1, so a move back is seen as a move too."""

    release_id: str
    sequence: int
    moved_at: dt.datetime


def read_live(releases_dir: Path, product: str) -> LivePointer | None:
    """Return the live pointer of a product, or None when nothing was ever released."""
    path = live_path(releases_dir, product)
    try:
        return msgspec.json.decode(path.read_bytes(), type=LivePointer)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def move_live(
    releases_dir: Path,
    product: str,
    *,
    expected_sequence: int,
    release_id: str,
    moved_at: dt.datetime,
    fsync: bool = True,
) -> LivePointer:
    """Put a stored release in force if the pointer is still at `expected_sequence` (0: no pointer yet).

    Raises ReleaseConflictError when somebody else moved first, NoReleaseError when the release is not stored.
    """
    read_release(releases_dir, product, release_id)
    with _locked(releases_dir / product / ".lock"):
        live = read_live(releases_dir, product)
        actual = live.sequence if live else 0
        if actual != expected_sequence:
            raise ReleaseConflictError(product=product, expected=expected_sequence, actual=actual)
        moved = LivePointer(release_id=release_id, sequence=actual + 1, moved_at=moved_at)
        write_file(live_path(releases_dir, product), msgspec.json.encode(moved), fsync=fsync)
    return moved


def live_path(releases_dir: Path, product: str) -> Path:
    """Return the file of a product's live pointer."""
    return releases_dir / product / "live.json"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # closing releases the lock
