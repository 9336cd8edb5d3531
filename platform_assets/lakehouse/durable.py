"""Forcing files and directory entries to disk: what is acknowledged must survive a power loss."""

import os
from collections.abc import Iterable
from pathlib import Path


def sync_file(path: Path) -> None:
    """Force the content of a file to disk; raises FileNotFoundError when it does not exist."""
    _sync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Force the entries of a directory to disk, so that files created or renamed in it keep their names."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_files_below(root: Path, paths: Iterable[Path]) -> None:
    """Force files, every directory between them and `root`, `root` and its parent to disk."""
    directories = {root, root.parent}
    for path in paths:
        sync_file(path)
        directories |= {parent for parent in path.parents if parent.is_relative_to(root)}
    for directory in sorted(directories, reverse=True):
        sync_directory(directory)


def make_directory(path: Path, *, fsync: bool = True) -> None:
    """Create a directory with its parents; each new entry is forced to disk when `fsync` is set."""
    missing = [parent for parent in (path, *path.parents) if not parent.exists()]
    path.mkdir(parents=True, exist_ok=True)
    if fsync:
        for created in missing:
            sync_directory(created.parent)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
