"""The msgspec types of one product's requests, made from its released declaration: the source of their schemas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from platform_assets.contract.features import FieldType, RequestField
from platform_assets.serving.limits import EARLIEST_YEAR, LATEST_YEAR, MAX_INTEGER, MAX_TEXT_LENGTH
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.openapi.operation import Form

_LIMIT = float(MAX_INTEGER)
_STORED = "Stored feature: one that is sent replaces the one in the online store."
_EVENT_AT = f"The instant that the rows stand for, from {EARLIEST_YEAR} to {LATEST_YEAR}; null means now."
# One character that neither JSON Schema's regular expressions nor Python's `strip` count as blank.
_NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
_BOUNDED = Annotated[float, Meta(ge=-_LIMIT, le=_LIMIT)]
_INSTANT_TEXT = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


@dataclass(frozen=True, slots=True)
class ProductTypes:
    """The request types of one product by form, and an example of each; a form that it does not take is absent."""

    product: str
    forms: Mapping[Form, Any]
    examples: Mapping[Form, Mapping[str, object]]


def product_types(live: LiveRelease) -> ProductTypes:
    """Return the request types of the release that answers."""
    name, schema = live.product.name, live.schema
    title = "".join(part.capitalize() for part in name.split("_"))
    columns = [_declared(field) for field in schema.fields.values()] + [_stored(name) for name in schema.stored]
    row = _struct(f"{title}Row", f"One row of {name}.", columns)
    key = schema.fields[schema.row_keys[0]]
    forms: dict[Form, Any] = {
        "rows": _request(f"{title}RowsRequest", name, "product", rows=_list_of(row, schema.max_rows)),
        "single": _request(f"{title}SingleRequest", name, "model", features=row),
    }
    examples: dict[Form, Mapping[str, object]] = {
        "rows": {"product": name, "rows": [schema.example]},
        "single": {"model": name, "features": schema.example},
    }
    if schema.takes_entities:
        entities = _list_of(_type_of(key), schema.max_rows)
        forms["entities"] = _request(f"{title}EntitiesRequest", name, "product", entities=entities)
        examples["entities"] = {"product": name, "entities": [key.example]}
    return ProductTypes(name, forms, examples)


def _request(title: str, product: str, named_by: str, **rows: Any) -> type:  # noqa: ANN401 - types made here
    ((form, kind),) = rows.items()
    columns = [
        (named_by, Literal[product]),
        (form, kind),
        ("event_at", Annotated[_INSTANT_TEXT | None, Meta(description=_EVENT_AT)], None),
    ]
    return _struct(title, f"Predictions of {product} by {form}.", columns)


def _struct(title: str, told: str, columns: list[tuple[Any, ...]]) -> type:
    return msgspec.defstruct(title, columns, kw_only=True, forbid_unknown_fields=True, namespace={"__doc__": told})


def _list_of(kind: Any, most: int) -> Any:  # noqa: ANN401 - types made here
    return Annotated[list[kind], Meta(min_length=1, max_length=most)]


def _declared(field: RequestField) -> tuple[Any, ...]:
    kind = _type_of(field)
    return (field.name, kind) if field.is_required else (field.name, kind | None, None)


def _stored(name: str) -> tuple[Any, ...]:
    # By convention a stored `*_at` column is an instant; everything else is a number.
    value = _BOUNDED | _INSTANT_TEXT | None if name.endswith("_at") else _BOUNDED | None
    return (name, Annotated[value, Meta(description=_STORED)] | UnsetType, UNSET)


def _type_of(field: RequestField) -> Any:  # noqa: ANN401 - types made here
    return Annotated[_TYPES[field.type](field), Meta(description=field.description, examples=[field.example])]


def _number(field: RequestField) -> Any:  # noqa: ANN401 - types made here
    kind = int if field.type == "integer" else float
    low = -_LIMIT if field.low is None else field.low
    high = _LIMIT if field.high is None else field.high
    return Annotated[kind, Meta(ge=kind(low), le=kind(high))]


_TYPES: dict[FieldType, Callable[[RequestField], Any]] = {
    "text": lambda _: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=_NOT_BLANK)],
    "number": _number,
    "integer": _number,
    "boolean": lambda _: bool,
    "timestamp": lambda _: _INSTANT_TEXT,
}
