"""The inputs of logged answers as the frame that scoring takes, exactly as the endpoint had them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from platform_assets.clock import epoch_seconds
from platform_assets.contract.product import Product
from platform_assets.inference.frame import Column, Floats, to_column
from platform_assets.inference.on_demand import apply_on_demand

Row = Mapping[str, Any]


def are_readable(product: Product, rows: Sequence[Row]) -> list[bool]:
    """Tell of each logged row whether it holds what its product needs: row keys, request fields, stored features."""
    fine = [row for row in rows if _has_all(product, row)]
    if len(fine) == len(rows) and _makes_a_frame(product, rows):
        return [True] * len(rows)
    return [_has_all(product, row) and _makes_a_frame(product, [row]) for row in rows]


def features_of(product: Product, rows: Sequence[Row]) -> Floats:
    """Return the logged stored features [rows, stored columns]; missing ones are NaN."""
    shape = (len(rows), len(product.stored_columns))
    return np.array([row["features"] for row in rows], dtype=np.float64).reshape(shape)


def frame_of(product: Product, rows: Sequence[Row]) -> dict[str, Column]:
    """Return the frame of readable rows: row keys, request fields, stored features and `event_at`.

    Raises ValueError for a request field that is not of its type.
    """
    told = [_texts(row) for row in rows]
    kinds = {field.name: field.type for field in product.request}
    frame = {
        name: to_column([keys[name] for keys, _ in told], "text")
        for name in product.entity.row_keys
        if name not in kinds
    }
    frame |= {name: to_column([request.get(name) for _, request in told], kind) for name, kind in kinds.items()}
    frame |= dict(zip(product.stored_columns, features_of(product, rows).T, strict=True))
    frame["event_at"] = np.array([epoch_seconds(row["event_at"]) for row in rows], dtype=np.float64)
    return frame


def row_keys_of(product: Product, row: Row) -> list[str]:
    """Return the row keys of a logged answer as text, in declared order."""
    keys, _ = _texts(row)
    return [keys[name] for name in product.entity.row_keys]


def join_columns(product: Product, frame: dict[str, Column]) -> dict[str, Column]:
    """Return the columns that name an entity: what was sent, and what is computed from it alone."""
    stored = frozenset(product.stored_columns)
    sent = {name: column for name, column in frame.items() if name not in stored}
    return apply_on_demand(product.on_demand, sent, known_only=True)


def _has_all(product: Product, row: Row) -> bool:
    try:
        keys, request = _texts(row)
    except (msgspec.DecodeError, TypeError):
        return False
    if not isinstance(keys, dict) or not isinstance(request, dict) or row["features"] is None:
        return False
    return set(product.entity.row_keys) <= keys.keys() and len(row["features"]) == len(product.stored_columns)


def _makes_a_frame(product: Product, rows: Sequence[Row]) -> bool:
    try:
        frame_of(product, rows)
    except (ValueError, TypeError):
        return False
    return True


def _texts(row: Row) -> tuple[dict[str, str], dict[str, str | float | int | bool | None]]:
    return msgspec.json.decode(row["row_keys"]), msgspec.json.decode(row["request"])
