"""Predictions that were given, part by part, as what their outcomes are joined to.

A part is some days of the prediction log, or the batches that consumers read of some as-ofs: whole days, so many that
memory stays bounded. Of each prediction there are the facts to keep and the inputs of labels and slices.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from platform_assets.monitoring.outcomes.table import Mode

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

T = TypeVar("T")
# What every prediction says of itself, whoever gave it.
FACTS = (
    "prediction_id",
    "predicted_date",
    "release_id",
    "model_version",
    "experiment_id",
    "variant",
    "entity_id",
    "row_key",
    "event_at",
    "score",
    "label",
    "is_valid",
    "fallback",
)


# Days are read together up to so many predictions: each read costs something per file of the table.
PART_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Look:
    """Which predictions are looked at: those whose windows were over at `until`, the latest instant of an event.

    Of them those with an event after `since_event`, or that were given after `since_given` (wall time); without both,
    all.
    """

    until: dt.datetime
    since_event: dt.datetime | None = None
    since_given: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Predictions of whole days: `facts` has the columns of FACTS, `inputs` those of examples and what is stored."""

    mode: Mode
    facts: "pa.Table"
    inputs: "pa.Table"

    def where(self, kept: "pa.Array | pc.Expression") -> "Part":
        """Return the part with the predictions that a mask keeps."""
        return Part(self.mode, self.facts.filter(kept), self.inputs.filter(kept))

    def __len__(self) -> int:
        """Return how many predictions there are."""
        return int(self.facts.num_rows)


def grouped(sizes: Mapping[T, int]) -> Iterator[list[T]]:
    """Yield the keys in order, together as long as their sizes add up to at most PART_ROWS."""
    group: list[T] = []
    size = 0
    for key, rows in sizes.items():
        if group and size + rows > PART_ROWS:
            yield group
            group, size = [], 0
        group.append(key)
        size += rows
    if group:
        yield group


def facts_table(columns: "dict[str, pa.Array | pa.ChunkedArray]", rows: int) -> "pa.Table":
    """Return the columns of FACTS in their order and types; a column that is not given is null."""
    import pyarrow as pa

    from platform_assets.monitoring.outcomes.table import outcome_schema

    schema = pa.schema([outcome_schema().field(name) for name in FACTS])
    empty = {field.name: pa.nulls(rows, field.type) for field in schema}
    return pa.table({name: {**empty, **columns}[name] for name in FACTS}).cast(schema)
