"""Write-audit-publish, first half: rows as files in the table's folder that no reader sees yet.

Whoever stages audits what lies in the files (`read_staged`), then publishes or discards them.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError, SchemaMismatchError
from platform_assets.lakehouse.durable import make_directory, sync_files_below
from platform_assets.lakehouse.schema import conform
from platform_assets.lakehouse.stats import file_stats
from platform_assets.lakehouse.table import arrow_schema, open_table, require_same_table, table_exists

if TYPE_CHECKING:
    import pyarrow as pa

# One row is read together with this many: an audit that looks for one must not read a million.
_ROWS_TOGETHER = 32_768
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")
PartitionValue = str | int | bool | dt.date | None


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file: its path below the table, size in bytes, rows, partition values and statistics (JSON)."""

    path: str
    size: int
    num_rows: int
    partition_values: dict[str, str | None]
    stats: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch that is on disk and invisible; plain data, so that another process can publish it."""

    table_dir: str
    partition_by: tuple[str, ...]
    schema_json: str
    files: tuple[StagedFile, ...]

    @property
    def num_rows(self) -> int:
        """How many rows are staged."""
        return sum(file.num_rows for file in self.files)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the staged files lie."""
        return tuple(Path(self.table_dir) / file.path for file in self.files)


def stage(table_dir: Path, rows: "pa.Table", partition_by: Sequence[str], *, fsync: bool = True) -> Staged:
    """Write rows as one file per partition, on disk and invisible to every reader.

    File names are unique, so that a retry never touches what another attempt published. Raises SchemaMismatchError
    before anything is written, LakeWriteError when the disk refuses.
    """
    from deltalake import Schema

    fitting = _fit(table_dir, rows, partition_by)
    _require_partitions(fitting, partition_by, table_dir=table_dir)
    files: list[StagedFile] = []
    try:
        make_directory(table_dir, fsync=fsync)
        for values, part in _partitions(fitting, partition_by):
            files.append(_write(table_dir, values, part, fsync=fsync))
        if fsync:
            sync_files_below(table_dir, [table_dir / file.path for file in files])
    except OSError as cause:
        for file in files:
            (table_dir / file.path).unlink(missing_ok=True)
        raise LakeWriteError(table=str(table_dir), reason=str(cause)) from cause
    return Staged(str(table_dir), tuple(partition_by), Schema.from_arrow(fitting.schema).to_json(), tuple(files))


def read_staged(staged: Staged) -> "pa.Table":
    """Return what the staged files hold, partition columns included, in the table's column order: what to audit."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from deltalake import Schema

    schema = pa.schema(Schema.from_json(staged.schema_json).to_arrow())
    parts = [schema.empty_table()]
    for path, file in zip(staged.paths, staged.files, strict=True):
        stored = pq.ParquetFile(path).read()
        columns = [
            pc.cast(pa.repeat(pa.scalar(file.partition_values[field.name], pa.string()), file.num_rows), field.type)
            if field.name in staged.partition_by
            else stored.column(field.name).cast(field.type)
            for field in schema
        ]
        parts.append(pa.table(columns, schema=schema))
    return pa.concat_tables(parts)


def discard(staged: Staged) -> None:
    """Delete staged files that were not published; a published file is never touched, a missing one is fine."""
    table_dir = Path(staged.table_dir)
    published = set(open_table(table_dir).file_uris()) if table_exists(table_dir) else set()
    names = {Path(uri).name for uri in published}
    for path in staged.paths:
        if path.name not in names:
            path.unlink(missing_ok=True)


def _fit(table_dir: Path, rows: "pa.Table", partition_by: Sequence[str]) -> "pa.Table":
    if not table_exists(table_dir):
        return conform(rows, None, table_dir=table_dir)
    table = open_table(table_dir)
    fitting = conform(rows, arrow_schema(table), table_dir=table_dir)
    require_same_table(table, fitting.schema, partition_by, table_dir=table_dir)
    return fitting


def _require_partitions(rows: "pa.Table", partition_by: Sequence[str], *, table_dir: Path) -> None:
    import pyarrow as pa

    for name in partition_by:
        if name not in rows.column_names:
            raise SchemaMismatchError(table=str(table_dir), column=name, problem="a partition column is missing")
        kind = rows.schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_date32(kind)):
            problem = f"a table cannot be partitioned by type {kind}; use text, an integer or a date"
            raise SchemaMismatchError(table=str(table_dir), column=name, problem=problem)


def _partitions(
    rows: "pa.Table", partition_by: Sequence[str]
) -> "Iterator[tuple[dict[str, PartitionValue], pa.Table]]":
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows.num_rows == 0:
        return
    if not partition_by:
        yield {}, rows
        return
    for values in rows.select(list(partition_by)).group_by(list(partition_by)).aggregate([]).to_pylist():
        mask = pa.repeat(True, rows.num_rows)  # noqa: FBT003 - the value to repeat
        for name, value in values.items():
            column = rows.column(name)
            same = pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, value), fill_value=False)
            mask = pc.and_(mask, same)
        yield values, rows.filter(mask).drop_columns(list(partition_by))


def _write(table_dir: Path, values: dict[str, PartitionValue], part: "pa.Table", *, fsync: bool) -> StagedFile:
    import pyarrow.parquet as pq

    told = {name: None if value is None else str(value) for name, value in values.items()}
    folder = "/".join(f"{name}={_NOT_PLAIN.sub('_', value or 'null')}" for name, value in told.items())
    relative = f"{folder}/part-{uuid.uuid4().hex}.parquet".lstrip("/")
    path = table_dir / relative
    make_directory(path.parent, fsync=fsync)
    try:
        pq.write_table(part, path, compression="zstd", row_group_size=_ROWS_TOGETHER)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return StagedFile(relative, path.stat().st_size, part.num_rows, told, file_stats(part))
