"""Where the history of a feature view lies: one directory per day, files named by their content, never rewritten."""

import datetime as dt
import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform_assets.features.view_contracts import FeatureView
from platform_assets.settings import Settings

_DAY = "as_of_date="
_PARTS = "part-*.parquet"


def history_dir(settings: Settings, view: FeatureView) -> Path:
    """Return the directory of a view's history. A new version of a view starts a history of its own beside the old."""
    return settings.features_dir / (view.name if view.version == 1 else f"{view.name}_v{view.version}")


def history_glob(directory: Path) -> str:
    """Return the pattern of all files of a history, for tools that take one."""
    return str(directory / f"{_DAY}*" / _PARTS)


def directory_of_glob(pattern: str) -> Path:
    """Return the history directory of such a pattern."""
    return Path(pattern).parent.parent


def day_dir(directory: Path, day: dt.date) -> Path:
    """Return the directory of the rows whose event time is on a day."""
    return directory / f"{_DAY}{day.isoformat()}"


def known_days(directory: Path) -> dict[dt.date, list[Path]]:
    """Return the days that have rows, ascending, with their files in the order of their names."""
    found: dict[dt.date, list[Path]] = {}
    for path in sorted(directory.glob(f"{_DAY}*/{_PARTS}")):
        found.setdefault(dt.date.fromisoformat(path.parent.name.removeprefix(_DAY)), []).append(path)
    return found


def digest_of(directory: Path) -> str:
    """Return the sha256 of what a history holds; files are named by content, so their names suffice."""
    names = sorted(f"{path.parent.name}/{path.name}" for path in directory.glob(f"{_DAY}*/{_PARTS}"))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


@contextmanager
def sole_writer(directory: Path) -> Iterator[None]:
    """Wait until no other process writes this history; the lock ends with its process."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
