"""How a model is judged: the split in time, the baselines it must beat and the gates that decide."""

import datetime as dt
from typing import Literal

import msgspec

Step = Literal["day", "week", "month"]
Metric = Literal["auc", "average_precision", "brier", "calibration_error", "mae", "spearman", "agreement", "coverage"]


class TimeSplit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Training examples lie before the cut-off with their whole label window, test examples from it on.

    As-of instants run from `train_from` in steps, anchored at the cut-off; the test runs over `test_days` days from
    the cut-off (0: the cut-off alone).
    """

    cutoff: dt.date
    train_from: dt.date
    step: Step
    test_days: int = 0


class ColumnBaseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="column"):
    """Predicts with one input column as it is (a score for ranking, or the estimate itself)."""

    name: str
    column: str


class LogisticBaseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="logistic"):
    """A logistic regression on a few columns, each as log(1 + x) and standardised on the training rows."""

    name: str
    columns: tuple[str, ...]


Baseline = ColumnBaseline | LogisticBaseline


class Slice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named part of the test rows: those whose `column` lies in [low, high]."""

    name: str
    column: str
    low: float
    high: float


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on the test metrics; every gate must hold for a release.

    Exactly one of `minimum`, `maximum` and `better_than` (a baseline's name) is given. With `by_factor` the model's
    error must be at least that many times smaller (or its score larger) than the baseline's.
    """

    metric: Metric
    slice: str = "all"
    minimum: float | None = None
    maximum: float | None = None
    better_than: str | None = None
    by_factor: float = 1.0


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The truth of an example, known `horizon_hours` after its `event_at`.

    `sql` reads the staging models and the table `examples(row_id, as_of, event_at, keys, request fields)` and yields
    `row_id` and `label` (a number; null where the truth was never observed).
    """

    sql: str
    horizon_hours: float
    description: str
