"""What the SQL of a label reads, made from predictions that were given; and what it says came true."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from platform_assets.clock import parse_instant
from platform_assets.contract.evaluation import Label
from platform_assets.contract.features import FieldType
from platform_assets.contract.product import Product
from platform_assets.features.population import label_examples
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


def answered_examples(
    product: Product,
    event_at: Sequence[dt.datetime],
    row_keys: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
) -> "pa.Table":
    """Return one example per answer, in order: `row_id` from 0, its instant, keys and request fields as declared."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    instants = pa.array(event_at, pa.timestamp("us", tz="UTC"))
    columns = {"row_id": pa.array(range(len(event_at)), pa.int64()), "as_of": instants, "event_at": instants}
    kinds = {field.name: field.type for field in product.request}
    for name in example_columns(product):
        sent = zip(requests, row_keys, strict=True)
        values = [(request if name in kinds else keys).get(name) for request, keys in sent]
        columns[name] = _column(values, kinds.get(name, "text"))
    return pa.table(columns)


def example_columns(product: Product) -> tuple[str, ...]:
    """Return the row keys and request fields that an example has, each once."""
    return tuple(dict.fromkeys((*product.entity.row_keys, *(field.name for field in product.request))))


def came_true(settings: Settings, product: Product, outcome: Label, examples: "pa.Table") -> list[float | None]:
    """Return what came true of each example, in order; None where nobody observed it.

    Raises NotMaterializedError when staging files are missing, InvalidProductError when the SQL fails.
    """
    asked = msgspec.structs.replace(product, label=outcome)
    found: list[float | None] = label_examples(settings, asked, examples).column("label").to_pylist()
    return found


def _column(values: Sequence[Any], kind: FieldType) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if kind == "timestamp":
        return pa.array([value and parse_instant(value) for value in values], pa.timestamp("us", tz="UTC"))
    types = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "text": pa.string()}
    return pa.array(values, types[kind])
