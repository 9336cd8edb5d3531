"""Files that hold secrets or decide about access: whole or not at all, and for their owner alone."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform_assets.errors import CredentialsExposedError
from platform_assets.inference.durable import sync_directory

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_private(path: Path, content: bytes, *, fsync: bool = True) -> None:
    """Replace a file atomically; only its owner may read it (0600)."""
    make_private_directory(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if fsync:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent, fsync=fsync)


def read_private(path: Path) -> bytes | None:
    """Return the content of a file, None where there is none; raises CredentialsExposedError if others may touch it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & _OTHERS:
            raise CredentialsExposedError(path=str(path), mode=mode)
        return file.read()


def make_private_directory(path: Path) -> None:
    """Make a directory that only its owner may enter; one that is there stays as it is."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a file that several processes change; the kernel frees it when its holder dies."""
    make_private_directory(path.parent)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
