"""What a row of a product's request may hold, derived once per release from the compiled declaration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product


@dataclass(frozen=True, slots=True)
class RowSchema:
    """The fields of a row by name: `fields` are sent by the caller, `stored` may be sent in place of a lookup.

    `is_scored_by_request_alone` tells that the request holds inputs of the model, so that a row is scored even when
    the store knows nothing of its entity.
    """

    product: str
    row_keys: tuple[str, ...]
    request_fields: tuple[str, ...]
    fields: Mapping[str, RequestField]
    stored: Mapping[str, int]
    max_rows: int
    is_scored_by_request_alone: bool

    @classmethod
    def of(cls, product: Product) -> Self:
        """Return the schema of a product; a row key that is no request field is required text."""
        fields = {name: _key_field(product, name) for name in product.entity.row_keys}
        fields.update({field.name: field for field in product.request})
        return cls(
            product=product.name,
            row_keys=product.entity.row_keys,
            request_fields=tuple(field.name for field in product.request),
            fields=fields,
            stored={name: position for position, name in enumerate(product.stored_columns)},
            max_rows=product.online.max_batch_rows if product.online else 0,
            is_scored_by_request_alone=any(field.name not in product.not_inputs for field in product.request),
        )

    @property
    def takes_entities(self) -> bool:
        """Whether the short form with entity ids alone says enough."""
        required = [name for name, field in self.fields.items() if field.is_required]
        return required == [self.row_keys[0]]

    @property
    def example(self) -> dict[str, str | float | int | bool]:
        """A valid row, from the examples of the declaration."""
        return {name: field.example for name, field in self.fields.items()}


def _key_field(product: Product, name: str) -> RequestField:
    is_entity = name == product.entity.row_keys[0]
    description = product.entity.description if is_entity else f"Row key {name}."
    return RequestField(name=name, type="text", description=description, example="13085")
