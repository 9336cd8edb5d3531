"""Write-audit-publish, first half: rows as files in the table's folder that no reader sees yet.

Whoever stages audits what lies in the files (`staged_rows.py`), then publishes or discards them.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
import itertools
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError, SchemaMismatchError
from platform_assets.lakehouse.durable import make_directory, sync_files_below
from platform_assets.lakehouse.row_groups import in_groups, write_in_groups
from platform_assets.lakehouse.schema import conform
from platform_assets.lakehouse.stats import FileStats
from platform_assets.lakehouse.table import arrow_schema, open_table, require_same_table, table_exists

if TYPE_CHECKING:
    import pyarrow as pa

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
    fitting = _fit(table_dir, rows, partition_by)
    _require_partitions(fitting, partition_by, table_dir=table_dir)
    files: list[StagedFile] = []
    with _all_or_nothing(table_dir, files, fsync=fsync):
        for values, part in _partitions(fitting, partition_by):
            files.append(_write(table_dir, values, [part], fsync=fsync))
    return _staged(table_dir, partition_by, fitting.schema, files)


def stage_parts(
    table_dir: Path, parts: "Iterable[pa.Table]", partition_by: Sequence[str], *, fsync: bool = True
) -> Staged:
    """Write rows that come in parts, at least one, and that all belong to one partition; errors as of `stage`.

    No more than a part and a row group are held. Without a row there is no file.
    """
    groups = in_groups(parts)
    first = _fit(table_dir, next(groups), partition_by)
    _require_partitions(first, partition_by, table_dir=table_dir)
    fitting = (conform(group, first.schema, table_dir=table_dir) for group in groups)
    values = next((values for values, _ in _partitions(first.slice(0, 1), partition_by)), None)
    files: list[StagedFile] = []
    if values is not None:
        alike = _of_one_partition(itertools.chain([first], fitting), values, table_dir=table_dir)
        with _all_or_nothing(table_dir, files, fsync=fsync):
            files.append(_write(table_dir, values, alike, fsync=fsync))
    return _staged(table_dir, partition_by, first.schema, files)


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


def _of_one_partition(
    groups: "Iterable[pa.Table]", values: dict[str, PartitionValue], *, table_dir: Path
) -> "Iterator[pa.Table]":
    for group in groups:
        for name, value in values.items():
            if group.column(name).unique().to_pylist() != [value]:
                problem = f"its rows come in parts and not all of them have {value}"
                raise SchemaMismatchError(table=str(table_dir), column=name, problem=problem)
        yield group.drop_columns(list(values))


@contextmanager
def _all_or_nothing(table_dir: Path, files: list[StagedFile], *, fsync: bool) -> Iterator[None]:
    """Force what is written in the block to disk; when the disk refuses, the files go and LakeWriteError is raised."""
    try:
        make_directory(table_dir, fsync=fsync)
        yield
        if fsync:
            sync_files_below(table_dir, [table_dir / file.path for file in files])
    except OSError as cause:
        for file in files:
            (table_dir / file.path).unlink(missing_ok=True)
        raise LakeWriteError(table=str(table_dir), reason=str(cause)) from cause


def _staged(table_dir: Path, partition_by: Sequence[str], schema: "pa.Schema", files: list[StagedFile]) -> Staged:
    from deltalake import Schema

    return Staged(str(table_dir), tuple(partition_by), Schema.from_arrow(schema).to_json(), tuple(files))


def _write(
    table_dir: Path, values: dict[str, PartitionValue], parts: "Iterable[pa.Table]", *, fsync: bool
) -> StagedFile:
    told = {name: None if value is None else str(value) for name, value in values.items()}
    folder = "/".join(f"{name}={_NOT_PLAIN.sub('_', value or 'null')}" for name, value in told.items())
    relative = f"{folder}/part-{uuid.uuid4().hex}.parquet".lstrip("/")
    path, stats = table_dir / relative, FileStats()
    make_directory(path.parent, fsync=fsync)
    with ExitStack() as undone:
        undone.callback(path.unlink, missing_ok=True)  # a file that is not whole must not stay
        rows = write_in_groups(path, map(stats.counted, parts))
        undone.pop_all()
    return StagedFile(relative, path.stat().st_size, rows, told, stats.as_json())
