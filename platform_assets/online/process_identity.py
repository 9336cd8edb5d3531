"""Which process is meant by a process id: an id is reused sooner or later, an id with its start instant is not."""

import os
import subprocess
from pathlib import Path


def start_mark(pid: int) -> str | None:
    """Return what tells this process from a later one with the same id; None when it has ended (zombies included)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.parent.parent.joinpath("self").exists():
        return _start_mark_by_ps(pid)
    try:
        # The name of the program stands in parentheses and may hold anything; what follows it is well-formed.
        state, *fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    start_ticks_after_state = 18  # field 22 of proc_pid_stat(5), counted from field 4
    return None if state in {"Z", "X"} else fields[start_ticks_after_state]


def _start_mark_by_ps(pid: int) -> str | None:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split(maxsplit=1)
    return None if not shown or shown[0].startswith("Z") else shown[1].strip()


def reap(pid: int) -> None:
    """Collect the process if it is an ended child of ours, so that no zombie stays."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # another process started it
