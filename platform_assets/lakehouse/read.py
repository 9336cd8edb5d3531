"""Reading tables: the newest version or any earlier one."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_assets.lakehouse.table import open_table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable

# pyarrow's disjunctive normal form: one list of conditions, or a list of such lists of which one must hold.
Condition = tuple[str, str, Any]
_ROWS_AT_ONCE = 65_536
Filters = Sequence[Condition] | Sequence[Sequence[Condition]]


def read_table(
    table_dir: Path,
    *,
    columns: Sequence[str] | None = None,
    filters: Filters | None = None,
    version: int | None = None,
) -> "pa.Table":
    """Return the rows of one version of a table, the newest by default; never a half-published batch.

    The order of rows is that of the files. Raises NotMaterializedError when the table or version does not exist.
    """
    table = open_table(table_dir, version=version)
    wanted = None if columns is None else list(columns)
    rows: pa.Table = table.to_pyarrow_table(columns=wanted, filters=_as_lists(filters), filesystem=_files_of(table_dir))
    return rows


def scan_table(
    table_dir: Path,
    *,
    columns: Sequence[str],
    partitions: Sequence[Condition] = (),
    where: "pc.Expression | None" = None,
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of the newest version in parts, so that a table of any size is read in bounded memory.

    `partitions` are conditions on partition columns, their values as text. Raises NotMaterializedError.
    """
    table: DeltaTable = open_table(table_dir)
    # deltalake compares partition values as the log spells them.
    chosen = [(name, sign, value) for name, sign, value in partitions] or None
    dataset = table.to_pyarrow_dataset(file_pruning_predicate=chosen, filesystem=_files_of(table_dir))
    yield from dataset.scanner(columns=list(columns), filter=where, batch_size=_ROWS_AT_ONCE).to_batches()


def table_version(table_dir: Path) -> int:
    """Return the newest version of a table; raises NotMaterializedError when it does not exist."""
    return int(open_table(table_dir).version())


def _files_of(table_dir: Path) -> Any:  # noqa: ANN401 - Arrow's types are known to type checkers only
    # Arrow's own file system: deltalake's is written in Python, and an Arrow thread that still lets go of one of its
    # files while the interpreter ends aborts the process.
    from pyarrow import fs

    return fs.SubTreeFileSystem(str(table_dir.absolute()), fs.LocalFileSystem())


def _as_lists(filters: Filters | None) -> Any:  # noqa: ANN401 - deltalake's own union, one of its two shapes
    if not filters:
        return None
    return [list(part) if isinstance(part, list) else part for part in filters]
