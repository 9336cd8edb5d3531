"""Durable writes that are watched, fail or end in a kill at a chosen point: each write, fsync and rename is one.

A file that is being written when it happens is left cut in half.
"""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from unittest import mock

from platform_assets.errors import PlatformError
from platform_assets.inference import durable

# A pointer moves by two files, and each takes a write, an fsync, a rename and an fsync of the directory.
POINTS_OF_A_MOVE = 8
_DONE, _REFUSED, _CRASHED = 0, 3, 4


@contextmanager
def interrupted(at: int, happen: Callable[[], object], look: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let something happen just before the `at`-th point from 1; `look` is called before every one."""
    passed = 0

    def is_time() -> bool:
        nonlocal passed
        passed += 1
        look()
        return passed == at

    def write_plain(path: Path, content: bytes, *, fsync: bool = True) -> None:
        if is_time():
            path.write_bytes(content[: len(content) // 2])
            happen()
        path.write_bytes(content)
        if fsync:
            sync(0)

    def sync(_: int) -> None:
        if is_time():
            happen()

    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if is_time():
            happen()
        return rename(self, target)

    with (
        mock.patch.object(durable, "write_plain", write_plain),
        mock.patch.object(os, "fsync", sync),
        mock.patch.object(Path, "replace", replace),
    ):
        yield


def full_disk() -> NoReturn:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed_at(point: int, work: Callable[[], object], meanwhile: Callable[[], None] = lambda: None) -> bool:
    """Do some work in a process of its own that is killed at a point; return whether it got that far.

    `meanwhile` is called when the point is reached, while the process still lives and holds what it holds.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work_and_die(point, work, writing)
    os.close(writing)
    try:
        if os.read(reading, 1):
            meanwhile()
    finally:
        os.close(reading)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in {-signal.SIGKILL, _DONE, _REFUSED}
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def _work_and_die(point: int, work: Callable[[], object], writing: int) -> NoReturn:
    """Never return into the test that this process is a copy of."""
    code = _CRASHED
    try:
        with interrupted(point, lambda: _tell_and_die(writing)):
            work()
        code = _DONE
    except PlatformError:
        code = _REFUSED
    finally:
        os._exit(code)


def _tell_and_die(writing: int) -> None:
    os.write(writing, b"!")
    # Long enough for the others to come and wait for the lock that dies with this process.
    time.sleep(0.003)
    os.kill(os.getpid(), signal.SIGKILL)
