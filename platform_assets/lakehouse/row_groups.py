"""Rows in groups of one size: how they lie in a Parquet file does not depend on the parts in which they came."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

# One row is read together with this many: an audit that looks for one must not read a million.
ROWS_TOGETHER = 32_768
Compression = Literal["zstd", "lz4"]


def in_groups(parts: "Iterable[pa.Table]", rows: int = ROWS_TOGETHER) -> "Iterator[pa.Table]":
    """Yield the rows of all parts in their order, `rows` at a time and the rest last; one empty group for no row.

    Each group lies in one piece of memory, and no more than a group and a part are held.
    """
    waiting: list[pa.Table] = []
    count, is_any = 0, False
    empty: pa.Table | None = None
    for part in parts:
        empty, start = part.slice(0, 0), 0
        while start < part.num_rows:
            waiting.append(part.slice(start, rows - count))
            count, start = count + waiting[-1].num_rows, start + waiting[-1].num_rows
            if count == rows:
                yield _joined(waiting)
                waiting, count, is_any = [], 0, True
    if waiting:
        yield _joined(waiting)
    elif not is_any and empty is not None:
        yield empty


def write_in_groups(path: Path, parts: "Iterable[pa.Table]", *, compression: Compression = "zstd") -> int:
    """Write the rows of all parts, of which there is at least one, as one file; return how many they are.

    The same rows give the same bytes, whatever the parts. A part that fails leaves half a file.
    """
    import pyarrow.parquet as pq

    groups = in_groups(parts)
    first = next(groups)
    rows = int(first.num_rows)
    with pq.ParquetWriter(path, first.schema, compression=compression) as writer:
        writer.write_table(first, row_group_size=ROWS_TOGETHER)
        for group in groups:
            writer.write_table(group, row_group_size=ROWS_TOGETHER)
            rows += int(group.num_rows)
    return rows


def _joined(parts: "list[pa.Table]") -> "pa.Table":
    import pyarrow as pa

    return pa.concat_tables(parts).combine_chunks()
