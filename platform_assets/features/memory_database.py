"""The DuckDB that computes: in memory, in UTC, over Parquet and Arrow; nothing is ever shared through its file."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_MIB_PER_THREAD = 128


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much memory a database takes; what does not fit goes to files in the directory, which exists."""

    memory_mib: int
    directory: Path


@contextmanager
def memory_database(bounds: Bounds | None = None) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Give an empty in-memory database whose instants are UTC whatever the zone of the machine; closed at the end."""
    import duckdb  # noqa: PLC0415 - heavy; most of the package needs none

    with duckdb.connect(":memory:") as database:
        database.execute("set TimeZone = 'UTC'")
        database.execute("set enable_progress_bar = false")
        if bounds is not None:
            # Each thread needs memory of its own: many of them would find little too little.
            threads = max(1, min(os.cpu_count() or 1, bounds.memory_mib // _MIB_PER_THREAD))
            database.execute(f"set threads = {threads}")
            database.execute(f"set memory_limit = '{bounds.memory_mib}MiB'")
            database.execute("set temp_directory = " + _literal(bounds.directory))
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
    return f"read_parquet([{', '.join(map(_literal, files))}], hive_partitioning = false)"


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


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
