"""Working files of one run: gone when it ends, and when it was killed with the next run."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform_assets.settings import Settings

_LOCK = ".lock"


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """Give an empty directory for the block; those of killed processes are deleted first."""
    root = settings.scratch_dir / "batch"
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root):  # so that nobody takes a new directory for one that was left behind
        _delete_left_behind(root)
        directory = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
        held = _try_lock(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if held is not None:
            os.close(held)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    with (root / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _delete_left_behind(root: Path) -> None:
    for directory in root.iterdir():
        if not directory.is_dir():
            continue
        free = _try_lock(directory)
        if free is not None:
            shutil.rmtree(directory, ignore_errors=True)
            os.close(free)


def _try_lock(directory: Path) -> int | None:
    """Return the lock on a directory, which ends with this process; None when another process works there."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # its run has just ended
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
