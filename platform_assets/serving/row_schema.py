"""What a row of a product's request may hold, derived once per release from the compiled declaration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product
from platform_assets.serving.row_types import RowDecoder


@dataclass(frozen=True, slots=True)
class RowSchema:
    """The fields of a row by name: `fields` are sent by the caller, `stored` may be sent in place of a lookup.

    Rows travel as tuples in the order of `fields`; `keys` and `request` are (name, position) of the row keys and of
    the declared request fields in it, `instants` the names that hold epoch seconds, `converted` those whose JSON
    value is not yet the value of the row. `is_scored_by_request_alone` tells that the request holds inputs of the
    model, so that a row is scored even when the store knows nothing of its entity.
    """

    product: str
    row_keys: tuple[str, ...]
    fields: Mapping[str, RequestField]
    stored: Mapping[str, int]
    keys: tuple[tuple[str, int], ...]
    request: tuple[tuple[str, int], ...]
    instants: frozenset[str]
    converted: tuple[tuple[int, RequestField], ...]
    max_rows: int
    is_scored_by_request_alone: bool
    takes_entities: bool
    decoder: RowDecoder

    @classmethod
    def of(cls, product: Product) -> Self:
        """Return the schema of a product; a row key that is no request field is required text."""
        fields = {name: _key_field(product, name) for name in product.entity.row_keys}
        fields.update({field.name: field for field in product.request})
        positions = {name: position for position, name in enumerate(fields)}
        row_keys, max_rows = product.entity.row_keys, product.online.max_batch_rows if product.online else 0
        return cls(
            product=product.name,
            row_keys=row_keys,
            fields=fields,
            stored={name: position for position, name in enumerate(product.stored_columns)},
            keys=tuple((name, positions[name]) for name in row_keys),
            request=tuple((field.name, positions[field.name]) for field in product.request),
            instants=frozenset(field.name for field in fields.values() if field.type == "timestamp"),
            converted=tuple(
                (positions[field.name], field) for field in fields.values() if field.type in {"timestamp", "boolean"}
            ),
            max_rows=max_rows,
            is_scored_by_request_alone=any(field.name not in product.not_inputs for field in product.request),
            takes_entities=[field.name for field in fields.values() if field.is_required] == [row_keys[0]],
            decoder=RowDecoder(tuple(fields.values()), product.stored_columns, max_rows),
        )

    @property
    def example(self) -> dict[str, str | float | int | bool]:
        """A valid row, from the examples of the declaration."""
        return {name: field.example for name, field in self.fields.items()}


def _key_field(product: Product, name: str) -> RequestField:
    is_entity = name == product.entity.row_keys[0]
    description = product.entity.description if is_entity else f"Row key {name}."
    return RequestField(name=name, type="text", description=description, example="13085")
