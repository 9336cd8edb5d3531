"""Ending a process group: a polite signal first, then a certain one; never a process that was not recorded."""

import signal
import time

import psutil

from platform_assets.processes.record import ProcessRecord, group_members

_POLL_SECONDS = 0.1
_KILL_SECONDS = 10.0


def end_group(record: ProcessRecord, *, grace_seconds: float) -> None:
    """End the recorded process and its group, and return when they are gone.

    The leader alone gets SIGTERM first, so that it can end its own children in order; after `grace_seconds` the
    whole group gets it, and after a quarter of that time again SIGKILL.
    """
    members = group_members(record)
    _send([process for process in members if process.pid == record.pid], signal.SIGTERM)
    if _is_gone(record, grace_seconds if any(process.pid == record.pid for process in members) else 0):
        return
    _send(group_members(record), signal.SIGTERM)
    if _is_gone(record, grace_seconds / 4):
        return
    _send(group_members(record), signal.SIGKILL)
    _is_gone(record, _KILL_SECONDS)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)  # psutil refuses a pid that was reused meanwhile
        except psutil.NoSuchProcess:
            continue


def _is_gone(record: ProcessRecord, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while group_members(record):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
