"""Reads recorded predictions: rows of the prediction tables and of the prediction log."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_assets.contract import names
from platform_assets.errors import NotMaterializedError, TableUnreadableError, UnknownPredictionError
from platform_assets.lakehouse.read import Condition, read_table
from platform_assets.lakehouse.table import arrow_schema, open_table
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


def read_rows(table_dir: Path, filters: Sequence[Condition], columns: Sequence[str] | None = None) -> "pa.Table":
    """Return rows of a table, by default with all columns.

    Raises NotMaterializedError without a table and TableUnreadableError for a damaged file.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        return read_table(table_dir, columns=columns, filters=list(filters))
    except (pa.ArrowException, OSError) as error:
        raise TableUnreadableError(table=str(table_dir), reason=str(error)) from error


def find_row(settings: Settings, prediction_id: str) -> tuple[names.PredictionMode, Row]:
    """Return how a prediction was made and its recorded row; raises UnknownPredictionError."""
    parsed = names.parse_prediction_id(prediction_id)
    if parsed is None or not parsed[0].isidentifier():  # the product becomes a part of a path
        raise UnknownPredictionError(prediction_id=prediction_id)
    product, day, mode = parsed
    table, where = _place(settings, product, day, mode)
    try:
        rows = read_rows(table, [*where, ("prediction_id", "=", prediction_id)]).to_pylist()
    except NotMaterializedError as error:
        raise UnknownPredictionError(prediction_id=prediction_id) from error
    if not rows:
        raise UnknownPredictionError(prediction_id=prediction_id)
    return mode, rows[0]


def partitions(table_dir: Path) -> list[dict[str, Any]]:
    """Return the values of every partition of a table, in the types of its columns; none without a table."""
    try:
        table = open_table(table_dir)
    except NotMaterializedError:
        return []
    days = [name for name in table.metadata().partition_columns if name.endswith("_date")]
    whole = [name for name in arrow_schema(table).names if name == "model_version"]
    found: list[dict[str, Any]] = [dict(each) for each in table.partitions()]
    for values in found:
        values.update({name: _day(values[name]) for name in days})
        values.update({name: int(values[name]) for name in whole if name in values})
    return found


def _place(settings: Settings, product: str, day: dt.date, mode: names.PredictionMode) -> tuple[Path, list[Condition]]:
    if mode == "batch":
        return settings.predictions_dir / product, [("prediction_date", "=", day)]
    return settings.prediction_log_dir, [("product", "=", product)]


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
