"""The one in-memory form of rows that training, batch and online score: named numpy columns of equal length.

Numbers, integers, booleans and instants are float64 (instants as epoch seconds UTC, missing as NaN); text columns are
object arrays of str or None. `event_at` is always present.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from platform_assets.clock import epoch_seconds, parse_instant
from platform_assets.contract.features import FieldType
from platform_assets.contract.product import Product

Floats = npt.NDArray[np.float64]
Column = npt.NDArray[Any]
Frame = Mapping[str, Column]


def text_columns(product: Product) -> frozenset[str]:
    """Return the columns of a product that hold text: text request fields, categories and undeclared row keys."""
    declared = {field.name: field.type for field in product.request}
    keys = (*product.entity.row_keys, *product.categories)
    named = (name for name in keys if declared.get(name, "text") == "text")
    return frozenset((*named, *(name for name, kind in declared.items() if kind == "text")))


def to_column(values: Iterable[object], kind: FieldType) -> Column:
    """Return one frame column from plain values of a declared type; None becomes missing.

    Instants may be aware datetimes, ISO 8601 text (UTC without a zone) or epoch seconds. Raises ValueError or
    TypeError for a value that is not of the type.
    """
    if kind == "text":
        texts = [None if value is None else str(value) for value in values]
        column = np.empty(len(texts), dtype=object)
        column[:] = texts
        return column
    read = _instant if kind == "timestamp" else _number
    return np.array([read(value) for value in values], dtype=np.float64)


def row_count(frame: Frame) -> int:
    """Return the number of rows of a frame."""
    return len(frame["event_at"])


def take_rows(frame: Frame, rows: npt.NDArray[Any] | slice) -> dict[str, Column]:
    """Return the frame of the chosen rows (a mask, positions or a slice), in that order."""
    return {name: column[rows] for name, column in frame.items()}


def _number(value: object) -> float:
    return float("nan") if value is None else float(value)  # type: ignore[arg-type]  # float() itself refuses others


def _instant(value: object) -> float:
    if isinstance(value, str):
        return epoch_seconds(parse_instant(value))
    timestamp = getattr(value, "timestamp", None)
    return _number(timestamp() if callable(timestamp) else value)
