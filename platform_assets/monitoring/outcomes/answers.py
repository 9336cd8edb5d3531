"""Answers of the endpoint as predictions that outcomes are joined to: the drained log, days together."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.lakehouse.read import Condition, read_table
from platform_assets.lakehouse.table import arrow_schema, open_table, table_exists
from platform_assets.monitoring.outcomes.examples import answered_examples
from platform_assets.monitoring.outcomes.predictions import FACTS, Look, Part, facts_table, grouped
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT = tuple(name for name in FACTS if name != "row_key")
_READ = ("row_keys", "request", "features")


def answer_parts(settings: Settings, product: Product, look: Look) -> Iterator[Part]:
    """Yield the answers of each day that are to be looked at; none where nothing was drained yet."""
    if not table_exists(settings.prediction_log_dir):
        return
    columns = ["predicted_date"]
    days = read_table(settings.prediction_log_dir, columns=columns, filters=_filters(product, look)).column(0)
    counted = sorted((one["values"], one["counts"]) for one in days.value_counts().to_pylist())
    there = set(arrow_schema(open_table(settings.prediction_log_dir)).names)
    for group in grouped(dict(counted)):
        rows = read_table(
            settings.prediction_log_dir,
            columns=[name for name in (*_KEPT, *_READ) if name in there],
            filters=_filters(product, look, [("predicted_date", "in", group)]),
        )
        yield _part(product, rows)


def waiting_answers(settings: Settings, product: Product, until: dt.datetime) -> int:
    """Return how many answers there are whose windows are not over."""
    if not table_exists(settings.prediction_log_dir):
        return 0
    filters = [("product", "=", product.name), ("event_at", ">", until)]
    return int(read_table(settings.prediction_log_dir, columns=["event_at"], filters=filters).num_rows)


def _filters(product: Product, look: Look, also: Sequence[Condition] = ()) -> list[list[Condition]]:
    base: list[Condition] = [("product", "=", product.name), ("event_at", "<=", look.until), *also]
    either: list[list[Condition]] = []
    if look.since_event is not None:
        either.append([*base, ("event_at", ">", look.since_event)])
    if look.since_given is not None:
        either.append([*base, ("predicted_at", ">", look.since_given)])
    return either or [base]


def _part(product: Product, rows: "pa.Table") -> Part:
    import pyarrow as pa

    keys = [msgspec.json.decode(text) for text in rows.column("row_keys").to_pylist()]
    sent = [msgspec.json.decode(text) for text in rows.column("request").to_pylist()]
    event_at = rows.column("event_at").to_pylist()
    inputs = answered_examples(product, event_at, keys, sent)
    if product.slices:
        inputs = _with_stored(product, inputs, rows.column("features").to_pylist())
    row_keys = [names.row_key([row.get(name) for name in product.entity.row_keys]) for row in keys]
    told = {name: rows.column(name) for name in _KEPT if name in rows.column_names}
    facts = facts_table({**told, "row_key": pa.array(row_keys, pa.string())}, rows.num_rows)
    return Part("online", facts, inputs)


def _with_stored(product: Product, inputs: "pa.Table", features: Sequence[Sequence[float] | None]) -> "pa.Table":
    """Add the stored features as the model saw them; a row without any, or of another release's set, has none."""
    import pyarrow as pa

    names_of = product.stored_columns
    none: Sequence[Any] = [None] * len(names_of)
    rows = [row if row is not None and len(row) == len(names_of) else none for row in features]
    for place, name in enumerate(names_of):
        if name not in inputs.column_names:
            inputs = inputs.append_column(name, pa.array([row[place] for row in rows], pa.float64()))
    return inputs
