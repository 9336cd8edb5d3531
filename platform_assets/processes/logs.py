"""Log files of the processes: one per service, appended to, moved aside when large."""

import os
from pathlib import Path

from platform_assets.settings import Settings

_LARGE_BYTES = 20_000_000
_TAIL_BYTES = 64_000


def log_path(settings: Settings, service: str) -> Path:
    """Return the log file of a service."""
    return settings.logs_dir / f"{service}.log"


def prepare_log(path: Path) -> None:
    """Make room for new output: a large log becomes `<name>.log.1`, replacing the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LARGE_BYTES:
        path.replace(path.with_suffix(".log.1"))


def last_lines(path: Path, count: int) -> list[str]:
    """Return up to `count` last lines of a log, fewer when they are very long; none when it does not exist."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-count:]
