"""Reading tables: the newest version or any earlier one."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_assets.lakehouse.table import open_table

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow's disjunctive normal form: one list of conditions, or a list of such lists of which one must hold.
Condition = tuple[str, str, Any]
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
    from pyarrow import fs

    table = open_table(table_dir, version=version)
    wanted = None if columns is None else list(columns)
    # Arrow's own file system: deltalake's is written in Python, and an Arrow thread that still lets go of one of its
    # files while the interpreter ends aborts the process.
    files = fs.SubTreeFileSystem(str(table_dir.absolute()), fs.LocalFileSystem())
    rows: pa.Table = table.to_pyarrow_table(columns=wanted, filters=_as_lists(filters), filesystem=files)
    return rows


def table_version(table_dir: Path) -> int:
    """Return the newest version of a table; raises NotMaterializedError when it does not exist."""
    return int(open_table(table_dir).version())


def _as_lists(filters: Filters | None) -> Any:  # noqa: ANN401 - deltalake's own union, one of its two shapes
    if not filters:
        return None
    return [list(part) if isinstance(part, list) else part for part in filters]
