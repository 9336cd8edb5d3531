"""The rows of a request, checked against the declaration and turned into columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.clock import from_epoch
from platform_assets.contract.features import RequestField
from platform_assets.errors import MalformedRequestError
from platform_assets.inference.frame import Column, Floats, to_column
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar, read_instant, read_number, read_value
from platform_assets.serving.wire import PredictRequest, Row

Where = Callable[[int, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one request. `stored` holds features that the caller sent, where `is_given` is true."""

    columns: dict[str, Column]
    stored: Floats
    is_given: npt.NDArray[np.bool_]
    event_at: float | None

    @property
    def count(self) -> int:
        """The number of rows."""
        return int(self.is_given.shape[0])

    @property
    def needs_lookup(self) -> bool:
        """Whether a stored feature of any row is missing from the request."""
        return not bool(self.is_given.all())


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
    sent, where = _sent_rows(schema, request)
    if not 1 <= len(sent) <= schema.max_rows:
        raise MalformedRequestError(where="$", problem=f"{len(sent)} rows; 1 to {schema.max_rows} are allowed")
    _refuse_unknown(schema, sent, where)
    stored, is_given = _given_features(schema, sent, where)
    return Rows(
        columns={field.name: _column(field, sent, where) for field in schema.fields.values()},
        stored=stored,
        is_given=is_given,
        event_at=None if request.event_at is None else read_instant(request.event_at, "$.event_at"),
    )


def texts(column: Column) -> list[str]:
    """Return the values of a key column as text; instants as ISO 8601 in UTC, as in batch."""
    return [value if isinstance(value, str) else from_epoch(value).isoformat() for value in column.tolist()]


def sent_values(schema: RowSchema, rows: Rows, position: int) -> dict[str, Scalar]:
    """Return the request fields of one row as plain data; instants as ISO 8601 text, missing as None."""
    return {name: _plain(schema.fields[name], rows.columns[name][position]) for name in schema.request_fields}


def _sent_rows(schema: RowSchema, request: PredictRequest) -> tuple[Sequence[Row], Where]:
    if request.features is not None:
        return [request.features], lambda _, name: f"$.features.{name}"
    if request.rows is not None:
        return request.rows, lambda position, name: f"$.rows[{position}].{name}"
    if not schema.takes_entities:
        required = ", ".join(name for name, field in schema.fields.items() if field.is_required)
        raise MalformedRequestError(where="$.entities", problem=f"this product needs rows with {required}")
    return [{schema.row_keys[0]: entity} for entity in request.entities or ()], lambda row, _: f"$.entities[{row}]"


def _refuse_unknown(schema: RowSchema, sent: Sequence[Row], where: Where) -> None:
    known = schema.fields.keys() | schema.stored.keys()
    for position, row in enumerate(sent):
        unknown = sorted(row.keys() - known)
        if unknown:
            problem = f"unknown field; known: {', '.join(schema.fields)} and the stored features"
            raise MalformedRequestError(where=where(position, unknown[0]), problem=problem)


def _column(field: RequestField, sent: Sequence[Row], where: Where) -> Column:
    values = (read_value(field, row.get(field.name), where(position, field.name)) for position, row in enumerate(sent))
    return to_column(values, field.type)


def _given_features(schema: RowSchema, sent: Sequence[Row], where: Where) -> tuple[Floats, npt.NDArray[np.bool_]]:
    stored = np.full((len(sent), len(schema.stored)), np.nan)
    is_given = np.zeros(stored.shape, dtype=np.bool_)
    for position, row in enumerate(sent):
        for name in row.keys() & schema.stored.keys():
            value, path = row[name], where(position, name)
            is_given[position, schema.stored[name]] = True
            if value is not None:
                stored[position, schema.stored[name]] = _stored_value(name, value, path)
    return stored, is_given


def _stored_value(name: str, value: Scalar, where: str) -> float:
    # By convention a stored `*_at` column is an instant; everything else is a number.
    is_text_instant = name.endswith("_at") and isinstance(value, str)
    return read_instant(value, where) if is_text_instant else read_number(value, where)


def _plain(field: RequestField, value: object) -> Scalar:
    if value is None or isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]  # columns hold text or float64
    if np.isnan(number):
        return None
    return from_epoch(number).isoformat() if field.type == "timestamp" else number
