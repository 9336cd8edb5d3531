"""A list of features without names: accepted only with the id of the order that the caller has in mind."""

import hashlib
from collections.abc import Sequence

import msgspec

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.wire import Row, Value


def schema_id(schema: RowSchema) -> str:
    """Return 16 hex digits that change whenever a list of features would have to be written otherwise."""
    told = (schema.product, [(field.name, field.type) for field in schema.fields.values()], list(schema.stored))
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


def name_features(schema: RowSchema, values: Sequence[Value], sent_id: str | None) -> Row:
    """Return a list as named features: the fields of a row in order, and all or none of the stored features after them.

    Raises MalformedRequestError, which tells the id and the order, unless id and length are right.
    """
    expected, fields = schema_id(schema), list(schema.fields)
    if sent_id != expected:
        problem = (
            f"a list of features needs schema_id {expected!r}, which stands for {_told(schema)}; better send names"
        )
        raise MalformedRequestError(where="$.schema_id", problem=problem)
    names = fields if len(values) == len(fields) else [*fields, *schema.stored]
    if len(values) != len(names):
        problem = f"{len(values)} values; expected {len(fields)} or {len(names)}: {_told(schema)}"
        raise MalformedRequestError(where="$.features", problem=problem)
    return dict(zip(names, values, strict=True))


def _told(schema: RowSchema) -> str:
    return f"{', '.join(schema.fields)}, then all or none of {', '.join(schema.stored)}"
