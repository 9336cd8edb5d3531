"""What guardrails look at: the staged rows, who should be in them, and what there is to compare them with."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.features.memory_database import Bounds
from platform_assets.inference.score_reference import ScoreReference
from platform_assets.lakehouse.row_groups import ROWS_TOGETHER
from platform_assets.statistics.distances import Floats

if TYPE_CHECKING:
    import pyarrow as pa

    from platform_assets.batch.guarding.keys import KeyFacts

_SECONDS_PER_DAY = 86_400.0


class Rows(Protocol):
    """Rows that are gone through in parts: an Arrow table, or a file of which no more than a part is ever held."""

    @property
    def schema(self) -> "pa.Schema":
        """The columns."""

    @property
    def num_rows(self) -> int:
        """How many rows there are."""

    def select(self, columns: list[str], /) -> Self:
        """Return the rows in these columns."""

    def to_batches(self, max_chunksize: int) -> "Iterable[pa.RecordBatch]":
        """Give the rows in their order, so many at a time."""


def parts_of(rows: Rows, *columns: str) -> "Iterator[pa.RecordBatch]":
    """Yield rows in those of the columns that they have."""
    there = rows.schema.names
    wanted = [name for name in dict.fromkeys(columns) if name in there]
    # Without any column a part would not tell how many rows it has.
    yield from rows.select(wanted or there[:1]).to_batches(max_chunksize=ROWS_TOGETHER)


def values_of(part: "pa.RecordBatch", name: str) -> list[Any]:
    """Return the values of a column; one that is missing is as if it were empty."""
    return part.column(name).to_pylist() if name in part.schema.names else [None] * part.num_rows


@dataclass(frozen=True)
class ScoredRows:
    """The rows of a batch, of which the scores are held, 8 bytes each: quantiles and ranks need them all."""

    rows: Rows

    @cached_property
    def scores(self) -> Floats:
        """The score of every row; a missing one is NaN."""
        each = [numbers_of(values_of(part, "score")) for part in parts_of(self.rows, "score")]
        return np.concatenate(each) if each else np.empty(0)

    @cached_property
    def finite(self) -> Floats:
        """The scores that are numbers."""
        known = np.isfinite(self.scores)
        return self.scores if known.all() else self.scores[known]


@dataclass(frozen=True)
class LastBatch:
    """The published batch that the new one is compared with."""

    as_of: dt.datetime
    model_version: int
    rows: ScoredRows


@dataclass(frozen=True)
class Matured:
    """A published batch whose truth has arrived: scores and labels of its rows, both finite."""

    as_of: dt.datetime
    scores: Floats
    labels: Floats


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One staged batch with all that it is judged by. `population` are the rows that were to be scored.

    `bounds` are those of comparisons of keys, which take all memory that there is without them.
    """

    product: Product
    as_of: dt.datetime
    model_version: int
    release_id: str
    table: Rows
    population: Rows
    last: LastBatch | None = None
    reference: ScoreReference | None = None
    matured: Matured | None = None
    bounds: Bounds | None = None

    @cached_property
    def rows(self) -> ScoredRows:
        """The staged rows."""
        return ScoredRows(self.table)

    @cached_property
    def keys(self) -> "KeyFacts":
        """What the keys of the batch, its population and the last batch have in common."""
        from platform_assets.batch.guarding.keys import compare_keys  # noqa: PLC0415 - it reads evidence

        return compare_keys(self)

    @cached_property
    def reference_scores(self) -> Floats:
        """Scores that stand for those of the training rows; empty without a reference."""
        return np.array(self.reference.scores if self.reference else (), dtype=np.float64)

    @property
    def days_since_last(self) -> float:
        """How many days lie between the batch and the one it is compared with; 0 without one."""
        return (self.as_of - self.last.as_of).total_seconds() / _SECONDS_PER_DAY if self.last else 0.0


def numbers_of(values: list[Any]) -> Floats:
    """Return values as numbers, NaN for what is none."""
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=np.float64)
