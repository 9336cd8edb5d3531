"""A server as a process tree of its own: started pinned to its core, watched, measured and ended as a whole."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_MARK = "BENCH_SERVING_WORK"
_MIB = 1024.0 * 1024.0
_POLL_S = 0.02
_END_S = 20.0
_TAIL = 300
LOAD_CORE, SERVER_CORE = 0, 1


class NotStartedError(Exception):
    """A server ended or stayed silent, or answered wrongly; the reason is in the message."""


def free_port() -> int:
    """Return a port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pinned(command: Sequence[str], core: int) -> list[str]:
    """Return the command bound to one core, where there are two and `taskset` exists."""
    program = shutil.which("taskset")
    usable = os.sched_getaffinity(0)
    if program is None or not {LOAD_CORE, SERVER_CORE} <= usable:
        return list(command)
    return [program, "-c", str(core), *command]


def placement() -> str:
    """Tell how load and server share the cores."""
    if pinned(["x"], SERVER_CORE) == ["x"]:
        return "not pinned: load generator and server share the cores"
    return f"load generator pinned to core {LOAD_CORE}, server tree to core {SERVER_CORE}, online store on either"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree holds and has used."""

    cpu_s: float
    pss_mib: float
    rss_mib: float
    processes: int


@dataclass(slots=True)
class Tree:
    """A running server with all that it started, found by parentage and by a mark in their environment."""

    process: "subprocess.Popen[bytes]"
    work: Path
    log: Path

    def cpu_s(self) -> float:
        """Return the CPU seconds that the living processes have used, system and user."""
        return sum(cpu_seconds(each) for each in self.members())

    def usage(self) -> Usage:
        """Return CPU and memory of the tree."""
        members = self.members()
        memory = [each for each in map(_memory, members) if each is not None]
        return Usage(
            cpu_s=sum(map(cpu_seconds, members)),
            pss_mib=sum(pss for pss, _ in memory) / _MIB,
            rss_mib=sum(rss for _, rss in memory) / _MIB,
            processes=len(memory),
        )

    def members(self) -> list[psutil.Process]:
        """Return what lives of the tree; some programs overwrite their environment, some lose their parent."""
        found = {each.pid: each for each in marked(self.work)}
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            found.update((each.pid, each) for each in (first, *first.children(recursive=True)))
        return list(found.values())

    def wait_ready(self, find_problem: Callable[[], str | None], limit_s: float) -> None:
        """Return when there is no problem left; raises NotStartedError when it ended or the limit passed."""
        deadline = time.monotonic() + limit_s
        while problem := find_problem():
            if self.process.poll() is not None:
                message = f"it ended with {self.process.returncode}: {self.tail()}"
                raise NotStartedError(message)
            if time.monotonic() > deadline:
                message = f"no answer within {limit_s:.0f} s: {problem}; {self.tail()}"
                raise NotStartedError(message)
            time.sleep(_POLL_S)

    def tail(self) -> str:
        """Return the end of its log in one line."""
        return self.log.read_text(errors="replace")[-_TAIL:].strip().replace("\n", " ")


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], *, work: Path, log: Path, directory: Path | None = None
) -> Iterator[Tree]:
    """Start a server in a scratch directory; at the end every process of it is gone and the directory too.

    It gets no environment but the given one and what a program needs to run.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch, log.open("wb") as output:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        told = {**kept, "HOME": scratch, "TMPDIR": scratch, _MARK: str(work), **environment}
        process = subprocess.Popen(
            pinned(command, SERVER_CORE),
            env=told,
            cwd=directory or scratch,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        tree = Tree(process, work, log)
        try:
            yield tree
        finally:
            end(tree.members(), first=process.pid)
            process.wait(timeout=_END_S)


def marked(work: Path) -> list[psutil.Process]:
    """Return the living processes that this benchmark started for a work directory, also those of a killed run."""
    return [each for each in psutil.process_iter() if _mark_of(each) == str(work)]


def end(processes: Sequence[psutil.Process], *, first: int | None = None) -> None:
    """End processes: the first is asked, and what still lives after some seconds is killed."""
    for each in processes:
        if first is None or each.pid == first:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGTERM)
    _, living = psutil.wait_procs(list(processes), timeout=_END_S / 2)
    for each in living:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(living, timeout=_END_S / 2)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of one process, 0 for one that has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _memory(process: psutil.Process) -> tuple[int, int] | None:
    try:
        told = process.memory_full_info()
    except psutil.Error:
        return None
    return int(told.pss), int(told.rss)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(_MARK)
    except (psutil.Error, OSError):
        return None
    return mark
