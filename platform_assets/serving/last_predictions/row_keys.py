"""Row keys from a query string: ?entity_id=A&entity_id=B, and the other row keys by their names."""

from collections.abc import Sequence

import msgspec

from platform_assets.contract.features import FieldType, RequestField
from platform_assets.errors import MalformedRequestError
from platform_assets.serving.limits import MAX_TEXT_LENGTH
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar, read_value

MAX_ENTITIES = 100
RowKeys = dict[str, list[str | float]]
_ENTITY = "entity_id"
_TYPES: dict[FieldType, type[float | int | bool]] = {"number": float, "integer": int, "boolean": bool}


def read_row_keys(schema: RowSchema, query: Sequence[tuple[str, str]]) -> RowKeys:
    """Return the values of each row key, one per entity; an instant is epoch seconds.

    `entity_id` stands for the first row key. Another row key is given once per entity, or once for all of them.
    Raises MalformedRequestError with the name of the parameter.
    """
    sent = _by_key(schema, query)
    count = len(sent[schema.row_keys[0]])
    if not 1 <= count <= MAX_ENTITIES:
        raise _wrong(_ENTITY, f"given {count} times; 1 to {MAX_ENTITIES} are allowed")
    return {name: _values(schema.fields[name], texts, count) for name, texts in sent.items()}


def _by_key(schema: RowSchema, query: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    names = {name for name, _ in query}
    first = schema.row_keys[0]
    if {_ENTITY, first} <= names and first != _ENTITY:
        raise _wrong(_ENTITY, f"give either {_ENTITY} or {first}")
    sent: dict[str, list[str]] = {name: [] for name in schema.row_keys}
    for name, text in query:
        key = first if name == _ENTITY else name
        if key not in sent:
            raise _wrong(name[:MAX_TEXT_LENGTH], f"unknown parameter; known: {', '.join((_ENTITY, *schema.row_keys))}")
        sent[key].append(text)
    return sent


def _values(field: RequestField, texts: Sequence[str], count: int) -> list[str | float]:
    if len(texts) not in {1, count}:
        raise _wrong(field.name, f"given {len(texts)} times; give it once, or {count} times")
    values = [_value(field, text) for text in texts]
    return values if len(values) == count else values * count


def _value(field: RequestField, text: str) -> str | float:
    if len(text) > MAX_TEXT_LENGTH or "\0" in text:
        raise _wrong(field.name, f"at most {MAX_TEXT_LENGTH} characters and no zero byte are allowed")
    value = read_value(field, _scalar(field, text), f"?{field.name}")
    if value is None:  # a row key is never absent, whatever its field allows
        raise _wrong(field.name, "it is required")
    return value


def _scalar(field: RequestField, text: str) -> Scalar:
    kind = _TYPES.get(field.type)
    if kind is None:
        return text
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(field.name, str(error)) from None


def _wrong(name: str, problem: str) -> MalformedRequestError:
    return MalformedRequestError(where=f"?{name}", problem=problem)
