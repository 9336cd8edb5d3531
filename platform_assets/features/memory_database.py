"""The DuckDB that computes: in memory, in UTC, over Parquet and Arrow; nothing is ever shared through its file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@contextmanager
def memory_database() -> Iterator["duckdb.DuckDBPyConnection"]:
    """Give an empty in-memory database whose instants are UTC whatever the zone of the machine; closed at the end."""
    import duckdb  # noqa: PLC0415 - heavy; most of the package needs none

    with duckdb.connect(":memory:") as database:
        database.execute("set TimeZone = 'UTC'")
        database.execute("set enable_progress_bar = false")
        yield database


def quoted(name: str) -> str:
    """Return an identifier in quotes, safe in SQL."""
    return '"' + name.replace('"', '""') + '"'


def name_list(names: Sequence[str], *, of: str | None = None) -> str:
    """Return identifiers for a column list, each with the table `of` in front where given."""
    prefix = "" if of is None else f"{of}."
    return ", ".join(prefix + quoted(name) for name in names)


def parquet_scan(files: Sequence[Path]) -> str:
    """Return the table function over these files; columns come from the files alone, never from directory names."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def in_utc(table: "pa.Table") -> "pa.Table":
    """Return the table with every instant as timestamp[us, UTC]; an instant without a zone is UTC already."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            column = table.column(position).cast(pa.timestamp("us", tz=field.type.tz))
            column = column.cast(pa.timestamp("us", tz="UTC"))
            table = table.set_column(position, field.name, column)
    return table


def without_zone(table: "pa.Table") -> "pa.Table":
    """Return the table with every instant as UTC without a zone, comparable with the TIMESTAMP of staging files."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            column = table.column(position).cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
            table = table.set_column(position, field.name, column)
    return table
