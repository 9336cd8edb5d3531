"""The rows of a request, checked against the declaration: one tuple of values per row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import UNSET

from platform_assets.clock import from_epoch
from platform_assets.errors import MalformedRequestError
from platform_assets.inference.frame import Column
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.row_types import RowTuple
from platform_assets.serving.values import Scalar, read_instant, read_number, read_value
from platform_assets.serving.wire import PlainRequest, PredictRequest, Row

Where = Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one request, in its order.

    `fields` hold the values in the order of the schema's fields: text, numbers (instants as epoch seconds), None for
    an absent optional one. `stored` holds the stored features that the caller sent, UNSET where a row sent none, and
    is None when no row sent any; `needs_lookup` tells whether a stored feature of any row is missing from the request.
    """

    fields: list[RowTuple]
    stored: list[RowTuple] | None
    needs_lookup: bool
    event_at: float | None


def product_name(request: PredictRequest) -> str:
    """Return the product that a request names; raises MalformedRequestError unless it has exactly one form."""
    forms = [name for name in ("entities", "rows", "features") if getattr(request, name) is not None]
    if len(forms) != 1:
        raise MalformedRequestError(where="$", problem="give exactly one of entities, rows and features")
    named = [name for name in (request.product, request.model) if name is not None]
    if len(named) != 1:
        raise MalformedRequestError(where="$", problem="name the product once, as product (or model with features)")
    return named[0]


def read_rows(schema: RowSchema, request: PredictRequest) -> Rows:
    """Return the rows of a request; raises MalformedRequestError with the path of the first wrong value."""
    # Before anything is built of them: a million entities must not cost a second.
    _check_count(schema, 1 if request.features is not None else len(request.rows or request.entities or ()))
    sent, where = _sent_rows(schema, request)
    _refuse_unknown(schema, sent, where)
    fields = [_fields(schema, row, position, where) for position, row in enumerate(sent)]
    return _rows(schema, fields, _stored(schema, sent, where), _event_at(request))


def read_plain_rows(schema: RowSchema, request: PlainRequest) -> Rows | None:
    """Return the rows of a plain request; None for one that `read_rows` has to judge, because it may be wrong."""
    decoded = _decoded(schema, request)
    if decoded is None or not 1 <= len(decoded) <= schema.max_rows:
        return None
    n_fields = len(schema.fields)
    fields, stored = [row[:n_fields] for row in decoded], [row[n_fields:] for row in decoded]
    try:
        if schema.converted:
            fields = [_converted(schema, row) for row in fields]
        event_at = _event_at(request)
    except MalformedRequestError:
        return None
    return _rows(schema, fields, stored, event_at)


def columns_of(schema: RowSchema, fields: Sequence[RowTuple]) -> dict[str, Column]:
    """Return the frame columns of rows: text as objects, numbers and instants as float64 with NaN for missing."""
    columns = zip(*fields, strict=True)
    return {
        name: _column(values, is_text=schema.fields[name].type == "text")
        for name, values in zip(schema.fields, columns, strict=True)
    }


def key_text(value: str | float) -> str:
    """Return the value of a key column as text; an instant as ISO 8601 in UTC, as in batch."""
    return value if isinstance(value, str) else from_epoch(value).isoformat()


def sent_values(schema: RowSchema, row: RowTuple) -> dict[str, Scalar]:
    """Return the request fields of one row as plain data; instants as ISO 8601 text, missing as None."""
    if not schema.instants:
        return {name: row[position] for name, position in schema.request}
    return {name: _plain(row[position], is_instant=name in schema.instants) for name, position in schema.request}


def sent_features(schema: RowSchema, rows: Rows, position: int) -> list[str] | None:
    """Return the stored features of one row that were sent, where others of the call were looked up; else None."""
    if rows.stored is None or not rows.needs_lookup:
        return None
    return [name for name, at in schema.stored.items() if rows.stored[position][at] is not UNSET]


def _column(values: tuple[object, ...], *, is_text: bool) -> Column:
    if not is_text:
        return np.array(values, dtype=np.float64)  # None becomes NaN
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _plain(value: str | float | None, *, is_instant: bool) -> Scalar:
    return from_epoch(value).isoformat() if is_instant and isinstance(value, float) else value


def _rows(schema: RowSchema, fields: list[RowTuple], stored: list[RowTuple] | None, event_at: float | None) -> Rows:
    n_missing = [row.count(UNSET) for row in stored or ()]
    if not n_missing or min(n_missing) == len(schema.stored):
        return Rows(fields, None, needs_lookup=True, event_at=event_at)
    return Rows(fields, stored, needs_lookup=any(n_missing), event_at=event_at)


def _decoded(schema: RowSchema, request: PlainRequest) -> list[RowTuple] | None:
    if request.features:
        return schema.decoder.one(request.features)
    if request.rows:
        return schema.decoder.many(request.rows)
    if not schema.takes_entities or request.entities is None or len(request.entities) > schema.max_rows:
        return None
    if any(map(str.isspace, request.entities)):
        return None
    others = (None,) * (len(schema.fields) - 1) + (UNSET,) * len(schema.stored)
    return [(entity, *others) for entity in request.entities]


def _sent_rows(schema: RowSchema, request: PredictRequest) -> tuple[Sequence[Row], Where]:
    if request.features is not None:
        return [request.features], lambda _, name: f"$.features.{name}"
    if request.rows is not None:
        return request.rows, lambda position, name: f"$.rows[{position}].{name}"
    return _entity_rows(schema, request.entities or ()), lambda row, _: f"$.entities[{row}]"


def _entity_rows(schema: RowSchema, entities: Sequence[str]) -> list[Row]:
    if not schema.takes_entities:
        required = ", ".join(name for name, field in schema.fields.items() if field.is_required)
        raise MalformedRequestError(where="$.entities", problem=f"this product needs rows with {required}")
    return [{schema.row_keys[0]: entity} for entity in entities]


def _check_count(schema: RowSchema, count: int) -> None:
    if not 1 <= count <= schema.max_rows:
        raise MalformedRequestError(where="$", problem=f"{count} rows; 1 to {schema.max_rows} are allowed")


def _refuse_unknown(schema: RowSchema, sent: Sequence[Row], where: Where) -> None:
    known = schema.fields.keys() | schema.stored.keys()
    for position, row in enumerate(sent):
        unknown = sorted(row.keys() - known)
        if unknown:
            problem = f"unknown field; known: {', '.join(schema.fields)} and the stored features"
            raise MalformedRequestError(where=where(position, unknown[0]), problem=problem)


def _fields(schema: RowSchema, row: Row, position: int, where: Where) -> RowTuple:
    return tuple(read_value(field, row.get(name), where(position, name)) for name, field in schema.fields.items())


def _stored(schema: RowSchema, sent: Sequence[Row], where: Where) -> list[RowTuple] | None:
    if not any(name in schema.stored for row in sent for name in row):
        return None
    return [
        tuple(_stored_value(name, row[name], where(position, name)) if name in row else UNSET for name in schema.stored)
        for position, row in enumerate(sent)
    ]


def _stored_value(name: str, value: Scalar, where: str) -> float | None:
    if value is None:
        return None
    # By convention a stored `*_at` column is an instant; everything else is a number.
    is_text_instant = name.endswith("_at") and isinstance(value, str)
    return read_instant(value, where) if is_text_instant else read_number(value, where)


def _converted(schema: RowSchema, row: RowTuple) -> RowTuple:
    values = list(row)
    for position, field in schema.converted:
        values[position] = read_value(field, values[position], "$")
    return tuple(values)


def _event_at(request: PredictRequest | PlainRequest) -> float | None:
    return None if request.event_at is None else read_instant(request.event_at, "$.event_at")
