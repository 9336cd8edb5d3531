"""The statistics that a Delta log keeps per file; readers skip files by them, so a wrong one hides rows."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# Longer text would bloat the log; a shortened maximum would be wrong, so such a column has no bounds.
MAX_TEXT_BOUND = 64


class FileStats:
    """The statistics of a file whose rows come in parts; they do not depend on the parts."""

    def __init__(self) -> None:
        """Begin with no rows."""
        self._rows = 0
        self._columns: dict[str, _Column] = {}

    def counted(self, rows: "pa.Table") -> "pa.Table":
        """Count another part of the same columns and return it."""
        self._rows += rows.num_rows
        for name in rows.column_names:
            if not _is_nested(rows, name):
                self._columns.setdefault(name, _Column()).add(rows.column(name))
        return rows

    def as_json(self) -> str:
        """Return numRecords, minValues, maxValues and nullCount as JSON; a bound that is not exact is left out."""
        bounds = {name: column.bounds() for name, column in self._columns.items()}
        known = {name: pair for name, pair in bounds.items() if pair is not None}
        stats = {
            "numRecords": self._rows,
            "minValues": {name: low for name, (low, _) in known.items()},
            "maxValues": {name: high for name, (_, high) in known.items()},
            "nullCount": {name: column.nulls for name, column in self._columns.items()},
        }
        return json.dumps(stats, allow_nan=False)


def file_stats(rows: "pa.Table") -> str:
    """Return the statistics of a file of these rows, as `FileStats.as_json` does."""
    stats = FileStats()
    stats.counted(rows)
    return stats.as_json()


class _Column:
    """The nulls of a column and, while they are exact, its bounds."""

    def __init__(self) -> None:
        self.nulls = 0
        self._is_exact = True
        self._ends: list[Any] = []

    def add(self, column: "pa.ChunkedArray") -> None:
        import pyarrow.compute as pc

        self.nulls += column.null_count
        if column.null_count == len(column):
            return
        self._is_exact = self._is_exact and _has_bounds(column)
        if self._is_exact:
            found = pc.min_max(column)
            ends = [*self._ends, found["min"].as_py(), found["max"].as_py()]
            self._ends = [min(ends), max(ends)]

    def bounds(self) -> tuple[object, object] | None:
        """Return the least and the greatest value as JSON knows them."""
        if not self._ends or not self._is_exact:
            return None
        low, high = map(_encode, self._ends)
        return None if low is None or high is None else (low, high)


def _is_nested(rows: "pa.Table", name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(rows.schema.field(name).type))


def _has_bounds(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    types, kind = pa.types, column.type
    tests = (types.is_integer, types.is_floating, types.is_string, types.is_date32, types.is_timestamp)
    if not any(test(kind) for test in tests):
        return False
    # JSON knows neither NaN nor infinity, and NaN has no place in an order.
    return not types.is_floating(kind) or bool(pc.all(pc.is_finite(column.drop_null())).as_py())


def _encode(value: object) -> object | None:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT_BOUND else None
    if isinstance(value, dt.datetime):
        instant = value.isoformat(timespec="microseconds")
        return instant.replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
