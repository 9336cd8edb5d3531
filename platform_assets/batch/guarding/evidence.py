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
    """Keys and scores of a batch, one element per row; a missing score is NaN."""

    row_keys: Texts
    entities: Texts
    scores: Floats

    @cached_property
    def finite(self) -> Floats:
        """The scores that are numbers."""
        return self.scores[np.isfinite(self.scores)]

    @cached_property
    def by_entity(self) -> tuple[Texts, Floats]:
        """The different entities, sorted, and the mean score of each; entities without any score are left out."""
        known = np.isfinite(self.scores)
        entities, place = np.unique(self.entities[known], return_inverse=True)
        sums = np.bincount(place, weights=self.scores[known], minlength=len(entities))
        return entities, sums / np.maximum(np.bincount(place, minlength=len(entities)), 1)


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
        return scored_rows(self.table)

    @cached_property
    def reference_scores(self) -> Floats:
        """Scores that stand for those of the training rows; empty without a reference."""
        return np.array(self.reference.scores if self.reference else (), dtype=np.float64)

    @property
    def days_since_last(self) -> float:
        """How many days lie between the batch and the one it is compared with; 0 without one."""
        return (self.as_of - self.last.as_of).total_seconds() / _SECONDS_PER_DAY if self.last else 0.0


def scored_rows(table: "pa.Table") -> ScoredRows:
    """Return keys and scores of a table of predictions; a column that is missing is as if it were empty."""
    blank = [None] * table.num_rows
    columns = {name: table.column(name).to_pylist() if name in table.column_names else blank for name in _READ}
    return ScoredRows(texts(columns["row_key"]), texts(columns["entity_id"]), _numbers(columns["score"]))


def texts(values: list[Any]) -> Texts:
    """Return texts as an array; a missing one becomes empty."""
    return np.array(["" if value is None else str(value) for value in values], dtype=np.str_)


def _numbers(values: list[Any]) -> Floats:
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=np.float64)


_READ = ("row_key", "entity_id", "score")
