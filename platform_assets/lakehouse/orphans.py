"""Files that killed writers left behind: invisible to readers, found and deleted by age."""

import datetime as dt
from pathlib import Path

from platform_assets.clock import epoch_seconds
from platform_assets.lakehouse.table import open_table, table_exists


def find_orphans(table_dir: Path, *, now: dt.datetime, older_than: dt.timedelta) -> list[Path]:
    """Return the Parquet files that no commit refers to and that are older than given; nothing is deleted."""
    if not table_dir.is_dir():
        return []
    # Files are listed before references are read: what is published in between counts as referenced.
    old = [path for path in _data_files(table_dir) if _is_older(path, epoch_seconds(now - older_than))]
    referenced = {Path(uri).name for uri in open_table(table_dir).file_uris()} if table_exists(table_dir) else set()
    return [path for path in old if path.name not in referenced]


def clean_orphans(table_dir: Path, *, now: dt.datetime, older_than: dt.timedelta) -> list[Path]:
    """Delete Parquet files that no commit refers to and that are older than given; return them.

    A file of a commit is never touched, in whatever version: tables are append-only, so the newest version refers to
    all of them. `older_than` must exceed the time between stage and publish, or a batch under audit is lost (its
    publish then fails and writes nothing).
    """
    orphans = find_orphans(table_dir, now=now, older_than=older_than)
    for path in orphans:
        path.unlink(missing_ok=True)
    return orphans


def find_unfinished(root: Path, *, now: dt.datetime, older_than: dt.timedelta) -> list[Path]:
    """Return files and directories below a root that a killed writer had not yet given their name; nothing is deleted.

    Writers name them `*.tmp` until they are whole, so no reader takes one for what it was to become.
    """
    limit = epoch_seconds(now - older_than)
    return sorted(path for path in root.rglob("*.tmp") if path.parent.suffix != ".tmp" and _is_older(path, limit))


def _data_files(table_dir: Path) -> list[Path]:
    files = sorted(table_dir.rglob("*.parquet"))
    return [path for path in files if "_delta_log" not in path.relative_to(table_dir).parts]


def _is_older(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime <= limit
    except FileNotFoundError:  # discarded by its writer in between
        return False
