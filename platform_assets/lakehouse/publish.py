"""Write-audit-publish, second half: one commit makes staged files visible, exactly once per application transaction."""

# ruff: noqa: PLC0415 - deltalake costs a tenth of a second; who only imports this module does not pay it

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import ConcurrentCommitError, LakeWriteError, OutOfOrderCommitError
from platform_assets.lakehouse.log import Commit, find_commit, sync_log
from platform_assets.lakehouse.stage import Staged, discard, stage
from platform_assets.lakehouse.table import AUDIT_HORIZON_DAYS, open_or_create, open_table, table_exists

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

MAX_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Appended:
    """The table version that carries a batch, and whether this call committed it or found it committed."""

    delta_version: int
    written: bool


def append_once(  # noqa: PLR0913 - each is a separate fact of one commit
    table_dir: Path,
    rows: "pa.Table",
    *,
    app_id: str,
    version: int,
    partition_by: Sequence[str],
    metadata: Mapping[str, str],
    retention_days: int = AUDIT_HORIZON_DAYS,
    fsync: bool = True,
) -> Appended:
    """Append rows exactly once per (app_id, version), whatever writers run at once or die in between.

    When it returns, the rows survive kill -9, and a power loss too with `fsync`. Raises SchemaMismatchError,
    OutOfOrderCommitError, ConcurrentCommitError (retryable) or LakeWriteError; after each the table is as before.
    """
    if table_exists(table_dir):  # a repeat is told from the newest state, without writing files first
        seen = open_table(table_dir).transaction_version(app_id)
        if seen is not None and seen >= version:
            found = _committed(table_dir, app_id=app_id, version=version, seen=seen)
            return _acknowledge(table_dir, found, written=False, fsync=fsync)
    staged = stage(table_dir, rows, partition_by, fsync=fsync)
    return publish(
        staged, app_id=app_id, version=version, metadata=metadata, retention_days=retention_days, fsync=fsync
    )


def publish(
    staged: Staged,
    *,
    app_id: str,
    version: int,
    metadata: Mapping[str, str],
    retention_days: int = AUDIT_HORIZON_DAYS,
    fsync: bool = True,
) -> Appended:
    """Make staged files visible in one commit, exactly once per (app_id, version).

    When that transaction is there already, the staged files are deleted and the earlier commit is returned. The
    check and the commit go through one handle: a second handle would not see the race. Errors as of `append_once`.
    """
    table_dir = Path(staged.table_dir)
    for _ in range(MAX_ATTEMPTS):
        table = _open(staged, retention_days)
        seen = table.transaction_version(app_id)
        if seen is not None and seen >= version:
            return _already(staged, app_id=app_id, version=version, seen=seen, fsync=fsync)
        if _commit(table, staged, app_id=app_id, version=version, metadata=metadata):
            found = find_commit(table_dir, app_id=app_id, version=version)
            if found is None:
                raise LakeWriteError(table=staged.table_dir, reason="the commit is missing from the log")
            return _acknowledge(table_dir, found, written=True, fsync=fsync)
    raise ConcurrentCommitError(table=staged.table_dir, attempts=MAX_ATTEMPTS)


def _open(staged: Staged, retention_days: int) -> "DeltaTable":
    import pyarrow as pa
    from deltalake import Schema

    schema = pa.schema(Schema.from_json(staged.schema_json).to_arrow())
    return open_or_create(
        Path(staged.table_dir), schema, partition_by=staged.partition_by, retention_days=retention_days
    )


def _commit(table: "DeltaTable", staged: Staged, *, app_id: str, version: int, metadata: Mapping[str, str]) -> bool:
    """Commit through the handle that was checked; False when another writer was faster."""
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        actions = _add_actions(staged)
        table.create_write_transaction(
            actions,
            "append",
            table.schema(),
            list(staged.partition_by),
            commit_properties=CommitProperties(
                custom_metadata=dict(metadata), app_transactions=[Transaction(app_id, version)]
            ),
        )
    except CommitFailedError:
        return False
    except (DeltaError, OSError) as cause:
        raise LakeWriteError(table=staged.table_dir, reason=str(cause)) from cause
    return True


def _add_actions(staged: Staged) -> "list[AddAction | RemoveAction]":
    from deltalake.transaction import AddAction

    actions: list[AddAction | RemoveAction] = []
    for path, file in zip(staged.paths, staged.files, strict=True):
        found = path.stat()
        if found.st_size != file.size:
            reason = f"{path} has {found.st_size} bytes, {file.size} were staged"
            raise LakeWriteError(table=staged.table_dir, reason=reason)
        modified_ms = int(found.st_mtime * 1000)
        actions.append(AddAction(file.path, file.size, file.partition_values, modified_ms, True, file.stats))  # noqa: FBT003 - the fifth field: it changes data
    return actions


def _already(staged: Staged, *, app_id: str, version: int, seen: int, fsync: bool) -> Appended:
    table_dir = Path(staged.table_dir)
    found = _committed(table_dir, app_id=app_id, version=version, seen=seen)
    discard(staged)
    return _acknowledge(table_dir, found, written=False, fsync=fsync)


def _committed(table_dir: Path, *, app_id: str, version: int, seen: int) -> Commit:
    found = find_commit(table_dir, app_id=app_id, version=version)
    if found is None:
        raise OutOfOrderCommitError(table=str(table_dir), app_id=app_id, version=version, seen=seen)
    return found


def _acknowledge(table_dir: Path, commit: Commit, *, written: bool, fsync: bool) -> Appended:
    # Also for a commit found: its writer may have died before it forced the log to disk.
    if fsync:
        sync_log(table_dir)
    return Appended(delta_version=commit.delta_version, written=written)
