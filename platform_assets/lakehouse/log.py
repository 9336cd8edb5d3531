"""The commits of a table, read from its log: which commit carried which application transaction."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platform_assets.lakehouse.durable import sync_directory, sync_file

# A writer that died between its commit and its fsync leaves that to the next one, which forces this many entries.
SYNCED_TAIL = 20
# Written by deltalake itself; every other key of a commit's information is the caller's metadata.
_OWN_KEYS = frozenset(
    {"timestamp", "operation", "operationParameters", "engineInfo", "clientVersion", "operationMetrics"}
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: the version of the table that it made, its application transaction and the caller's metadata."""

    delta_version: int
    app_id: str
    version: int
    metadata: Mapping[str, str]


def find_commit(table_dir: Path, *, app_id: str, version: int) -> Commit | None:
    """Return the commit that carried this application transaction, or None; reads the log newest first."""
    needle = json.dumps(app_id).encode()
    for path in _entries_newest_first(table_dir):
        content = path.read_bytes()
        if needle not in content:
            continue
        for commit in _transactions(int(path.stem), content):
            if (commit.app_id, commit.version) == (app_id, version):
                return commit
    return None


def sync_log(table_dir: Path) -> None:
    """Force the newest log entries, the newest checkpoint and the directory of the log to disk."""
    log_dir = table_dir / "_delta_log"
    for path in _entries_newest_first(table_dir)[:SYNCED_TAIL]:
        sync_file(path)
    for path in (*sorted(log_dir.glob("*.checkpoint.parquet"))[-1:], *log_dir.glob("_last_checkpoint")):
        sync_file(path)
    for directory in (log_dir, table_dir, table_dir.parent):
        sync_directory(directory)


def _entries_newest_first(table_dir: Path) -> list[Path]:
    entries = (path for path in (table_dir / "_delta_log").glob("*.json") if path.stem.isdecimal())
    return sorted(entries, reverse=True)


def _transactions(delta_version: int, content: bytes) -> Iterator[Commit]:
    actions = [json.loads(line) for line in content.splitlines() if line.strip()]
    information: dict[str, object] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    metadata = {key: str(value) for key, value in information.items() if key not in _OWN_KEYS}
    for action in actions:
        if "txn" in action:
            yield Commit(delta_version, action["txn"]["appId"], action["txn"]["version"], metadata)
