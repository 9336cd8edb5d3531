"""Opening and creating tables: append-only, with a log kept for at least the audit horizon."""

# ruff: noqa: PLC0415 - deltalake and pyarrow cost half a second; who only imports this module does not pay it

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError, NotMaterializedError, SchemaMismatchError

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

AUDIT_HORIZON_DAYS = 3650


def table_exists(table_dir: Path) -> bool:
    """Tell whether a table with at least its first commit is there."""
    log_dir = table_dir / "_delta_log"
    return log_dir.is_dir() and any(log_dir.glob("*.json"))


def open_table(table_dir: Path, *, version: int | None = None) -> "DeltaTable":
    """Open a table at a version, the newest by default; raises NotMaterializedError when either does not exist.

    deltalake cannot be used in a forked process: children of a process that calls this must be spawned.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if not table_exists(table_dir):
        raise NotMaterializedError(what=f"table {table_dir}", asset="the asset that writes it")
    try:
        return DeltaTable(str(table_dir), version=version)
    except DeltaError as cause:
        if version is None:
            raise
        what = f"version {version} of table {table_dir}"
        raise NotMaterializedError(what=what, asset="the asset that writes it") from cause


def open_or_create(
    table_dir: Path, schema: "pa.Schema", *, partition_by: Sequence[str], retention_days: int = AUDIT_HORIZON_DAYS
) -> "DeltaTable":
    """Open a table, creating it when it is new; of several creators at once one wins and all get its table.

    Raises SchemaMismatchError when the table that is there has other columns or partitions.
    """
    if not table_exists(table_dir):
        table_dir.mkdir(parents=True, exist_ok=True)
        with _only_creator(table_dir):
            if not table_exists(table_dir):
                _create(table_dir, schema, partition_by, retention_days)
    table = open_table(table_dir)
    require_same_table(table, schema, partition_by, table_dir=table_dir)
    return table


def arrow_schema(table: "DeltaTable") -> "pa.Schema":
    """Return the columns of an open table as an Arrow schema."""
    import pyarrow as pa

    return pa.schema(table.schema().to_arrow())


def require_same_table(
    table: "DeltaTable", schema: "pa.Schema", partition_by: Sequence[str], *, table_dir: Path
) -> None:
    """Refuse rows of another shape; raises SchemaMismatchError naming the column."""
    existing = arrow_schema(table)
    for name in (*existing.names, *schema.names):
        if name not in existing.names or name not in schema.names:
            raise SchemaMismatchError(table=str(table_dir), column=name, problem="the table and the rows differ in it")
        if existing.field(name).type != schema.field(name).type:
            problem = f"it has type {schema.field(name).type}, the table has {existing.field(name).type}"
            raise SchemaMismatchError(table=str(table_dir), column=name, problem=problem)
    partitions = table.metadata().partition_columns
    if partitions != list(partition_by):
        problem = f"the table is partitioned by {partitions}, the rows by {list(partition_by)}"
        raise SchemaMismatchError(table=str(table_dir), column=", ".join(partition_by) or "none", problem=problem)


@contextmanager
def _only_creator(table_dir: Path) -> Iterator[None]:
    # deltalake repeats a creation that lost the race as a second one on top of the first, with another table id.
    # The lock is on the folder itself, so it leaves nothing behind and ends with its holder.
    folder = os.open(table_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _create(table_dir: Path, schema: "pa.Schema", partition_by: Sequence[str], retention_days: int) -> None:
    from deltalake import DeltaTable, Schema
    from deltalake.exceptions import DeltaError

    try:
        DeltaTable.create(
            str(table_dir),
            Schema.from_arrow(schema),
            mode="ignore",
            partition_by=list(partition_by),
            configuration=_configuration(retention_days),
        )
    except (DeltaError, OSError) as cause:
        raise LakeWriteError(table=str(table_dir), reason=str(cause)) from cause


def _configuration(retention_days: int) -> dict[str, str | None]:
    interval = f"interval {retention_days} days"
    return {
        "delta.appendOnly": "true",
        "delta.logRetentionDuration": interval,
        "delta.deletedFileRetentionDuration": interval,
    }
