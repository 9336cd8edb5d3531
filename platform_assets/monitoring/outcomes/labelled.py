"""Predictions with what came true of them: the rows that are appended to the table of outcomes."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from platform_assets.contract.evaluation import Label
from platform_assets.contract.product import Product
from platform_assets.monitoring.outcomes.examples import came_true, example_columns
from platform_assets.monitoring.outcomes.predictions import Part
from platform_assets.monitoring.outcomes.slices import slices_of
from platform_assets.monitoring.outcomes.table import outcome_schema
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_AT_ONCE = 100_000


def horizon_of(product: Product) -> dt.timedelta:
    """Return how long after its event everything about a prediction is known: its label, and its declared value."""
    value = _value_of(product)
    hours = [product.label.horizon_hours, *([value.horizon_hours] if value is not None else [])]
    return dt.timedelta(hours=max(hours))


def labelled(
    settings: Settings, product: Product, part: Part, *, known_until: dt.datetime, at: dt.datetime, percent: int
) -> "pa.Table":
    """Return one row per prediction whose label somebody has observed; the others are left out.

    Raises NotMaterializedError when staging files are missing, InvalidProductError when the SQL fails.
    """
    import pyarrow as pa

    schema = outcome_schema()
    pieces = [schema.empty_table()]
    for piece in _pieces(part):
        rows = _with_outcomes(settings, product, piece)
        count = len(rows["truth"])
        constants = {
            "product": product.name,
            "mode": part.mode,
            "joined_until": known_until,
            "joined_at": at,
            "sample_share": percent / 100,
        }
        columns = {**rows, **{name: [value] * count for name, value in constants.items()}}
        table = pa.table({field.name: pa.array(columns[field.name], field.type) for field in schema}, schema=schema)
        pieces.append(table.filter(pa.array([truth is not None for truth in rows["truth"]], pa.bool_())))
    return pa.concat_tables(pieces)


def _pieces(part: Part) -> Iterator[Part]:
    """Yield what is labelled at once, its rows numbered from 0."""
    import pyarrow as pa

    for start in range(0, len(part), _ROWS_AT_ONCE):
        facts, inputs = (table.slice(start, _ROWS_AT_ONCE) for table in (part.facts, part.inputs))
        row_ids = pa.array(range(inputs.num_rows), pa.int64())
        place = inputs.column_names.index("row_id")
        yield Part(part.mode, facts, inputs.set_column(place, "row_id", row_ids))


def _with_outcomes(settings: Settings, product: Product, part: Part) -> dict[str, Sequence[Any]]:
    examples = part.inputs.select(["row_id", "as_of", "event_at", *example_columns(product)])
    truths = came_true(settings, product, product.label, examples)
    value = _value_of(product)
    values = [None] * len(part) if value is None else came_true(settings, product, value, examples)
    facts = {name: part.facts.column(name).to_pylist() for name in part.facts.column_names}
    horizon = horizon_of(product)
    return {
        **facts,
        "truth": truths,
        "is_right": [_is_right(product, *told) for told in zip(facts["label"], truths, strict=True)],
        "error": [_error(product, *told) for told in zip(facts["score"], truths, strict=True)],
        "value": values,
        "slices": slices_of(product, part.inputs),
        "known_at": [event_at + horizon for event_at in facts["event_at"]],
    }


def _value_of(product: Product) -> Label | None:
    return None if product.online is None else product.online.value


def _is_right(product: Product, label: str | None, truth: float | None) -> bool | None:
    """Tell whether a label came true; None without a threshold, a label or a truth."""
    threshold = product.score.threshold
    if threshold is None or label is None or truth is None:
        return None
    return label == (threshold.at_or_above if truth > 0 else threshold.below)


def _error(product: Product, score: float | None, truth: float | None) -> float | None:
    if product.score.kind == "class" or score is None or truth is None:
        return None
    return score - truth
