"""The statistics that a Delta log keeps per file; readers skip files by them, so a wrong one hides rows."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Longer text would bloat the log; a shortened maximum would be wrong, so such a column has no bounds.
MAX_TEXT_BOUND = 64


def file_stats(rows: "pa.Table") -> str:
    """Return numRecords, minValues, maxValues and nullCount as JSON; a bound that is not exact is left out."""
    low: dict[str, object] = {}
    high: dict[str, object] = {}
    nulls = {name: rows.column(name).null_count for name in rows.column_names if not _is_nested(rows, name)}
    for name in nulls:
        bounds = _bounds(rows.column(name))
        if bounds is not None:
            low[name], high[name] = bounds
    stats = {"numRecords": rows.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}
    return json.dumps(stats, allow_nan=False)


def _is_nested(rows: "pa.Table", name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(rows.schema.field(name).type))


def _bounds(column: "pa.ChunkedArray") -> tuple[object, object] | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    types, kind = pa.types, column.type
    if column.null_count == len(column):
        return None
    if not any(test(kind) for test in (types.is_integer, types.is_floating, types.is_string, types.is_date32)) and not (
        types.is_timestamp(kind)
    ):
        return None
    if types.is_floating(kind) and not pc.all(pc.is_finite(column.drop_null())).as_py():
        return None  # JSON knows neither NaN nor infinity, and NaN has no place in an order
    found = pc.min_max(column)
    low, high = _encode(found["min"].as_py()), _encode(found["max"].as_py())
    return None if low is None or high is None else (low, high)


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
