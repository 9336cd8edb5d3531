"""What is known of a started process: written by itself before it becomes the service, so no start goes unrecorded."""

import os
from pathlib import Path

import msgspec
import psutil

TOKEN_VARIABLE = "PLATFORM_LAUNCH"  # noqa: S105 - the name of a variable, not a secret


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One started process. `pid` is also its process group; `token` is in its environment and in nobody else's.

    A pid is reused by the system sooner or later; a pid together with its start instant (seconds since 1970) and token
    is not.
    """

    name: str
    pid: int
    started_at: float
    token: str
    command: tuple[str, ...]


def write_record(path: Path, record: ProcessRecord) -> None:
    """Replace the record atomically: a reader sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))
    draft.replace(path)


def read_record(path: Path) -> ProcessRecord | None:
    """Return the record, or None when there is none or it is unreadable (it then says nothing about any process)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ProcessRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_alive(record: ProcessRecord) -> bool:
    """Tell whether the very process of the record runs; a zombie or another process with its pid does not count."""
    try:
        process = psutil.Process(record.pid)
        return process.status() != psutil.STATUS_ZOMBIE and _is_marked(process, record.token)
    except psutil.NoSuchProcess:
        return False


def group_members(record: ProcessRecord) -> list[psutil.Process]:
    """Return the living processes of the record's group that were started by it, its leader included."""
    return [process for process in psutil.process_iter() if _is_member(process, record)]


def _is_member(process: psutil.Process, record: ProcessRecord) -> bool:
    try:
        if os.getpgid(process.pid) != record.pid or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return _is_marked(process, record.token)
    except (psutil.Error, ProcessLookupError, PermissionError):
        return False


def _is_marked(process: psutil.Process, token: str) -> bool:
    try:
        return process.environ().get(TOKEN_VARIABLE) == token
    except psutil.AccessDenied:  # a process of another user cannot be ours
        return False
