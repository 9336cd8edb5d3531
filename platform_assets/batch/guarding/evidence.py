"""What guardrails look at: the staged rows, who should be in them, and what there is to compare them with."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.inference.score_reference import ScoreReference
from platform_assets.statistics.distances import Floats

if TYPE_CHECKING:
    import pyarrow as pa

Texts = npt.NDArray[np.str_]
_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class ScoredRows:
    """Keys and scores of a batch, one element per row; a missing score is NaN.

    `subjects` are row keys whose instants count from the as-of, so that the slot of this batch and that of the last
    one are the same subject.
    """

    row_keys: Texts
    entities: Texts
    subjects: Texts
    scores: Floats

    @cached_property
    def finite(self) -> Floats:
        """The scores that are numbers."""
        return self.scores[np.isfinite(self.scores)]

    @cached_property
    def by_subject(self) -> tuple[Texts, Floats]:
        """The different subjects that have a score, sorted, and the score of each; of repeated ones the first."""
        known = np.isfinite(self.scores)
        subjects, first = np.unique(self.subjects[known], return_index=True)
        return subjects, self.scores[known][first]


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
    """One staged batch with all that it is judged by. `expected_keys` are the row keys of the population."""

    product: Product
    as_of: dt.datetime
    model_version: int
    release_id: str
    table: "pa.Table"
    expected_keys: Texts
    last: LastBatch | None = None
    reference: ScoreReference | None = None
    matured: Matured | None = None

    @cached_property
    def rows(self) -> ScoredRows:
        """The staged rows."""
        return scored_rows(self.product, self.table, self.as_of)

    @cached_property
    def reference_scores(self) -> Floats:
        """Scores that stand for those of the training rows; empty without a reference."""
        return np.array(self.reference.scores if self.reference else (), dtype=np.float64)

    @property
    def days_since_last(self) -> float:
        """How many days lie between the batch and the one it is compared with; 0 without one."""
        return (self.as_of - self.last.as_of).total_seconds() / _SECONDS_PER_DAY if self.last else 0.0


def columns_read(product: Product) -> tuple[str, ...]:
    """Return the columns that `scored_rows` reads."""
    return ("row_key", "entity_id", "score", *product.entity.row_keys)


def scored_rows(product: Product, table: "pa.Table", as_of: dt.datetime) -> ScoredRows:
    """Return keys and scores of a table of predictions; a column that is missing is as if it were empty."""
    blank = [None] * table.num_rows
    found = {
        name: table.column(name).to_pylist() if name in table.column_names else blank for name in columns_read(product)
    }
    keys = [found[name] for name in product.entity.row_keys]
    subjects = ["|".join(_since(value, as_of) for value in values) for values in zip(*keys, strict=True)]
    return ScoredRows(texts(found["row_key"]), texts(found["entity_id"]), texts(subjects), _numbers(found["score"]))


def texts(values: list[Any]) -> Texts:
    """Return texts as an array; a missing one becomes empty."""
    return np.array(["" if value is None else str(value) for value in values], dtype=np.str_)


def _since(value: object, as_of: dt.datetime) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return f"{(value - as_of).total_seconds():g}"
    return str(value)


def _numbers(values: list[Any]) -> Floats:
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=np.float64)
