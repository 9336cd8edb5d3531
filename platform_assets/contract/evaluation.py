"""How a model is judged: the split in time, the baselines it must beat, the gates and what an approval asks."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

from platform_assets.contract.score import ScoreKind

Step = Literal["day", "week", "month"]
Metric = Literal["auc", "average_precision", "brier", "calibration_error", "mae", "spearman", "agreement", "coverage"]

_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


# By what versions of a product can be compared, the usual one first; a class has no order of its own.
COMPARED_BY: Mapping[ScoreKind, tuple[Metric, ...]] = MappingProxyType(
    {
        "probability": ("auc", "average_precision", "brier", "calibration_error"),
        "estimate": ("mae", "spearman"),
        "class": ("coverage",),
    }
)


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


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a candidate has to show at its approval, besides its own gates.

    On the same examples it loses at most `allowed_loss` of the metric of the champion, the release in force, and
    `allowed_slice_loss` on each slice: as a share of the champion's value. Where the paired interval does not show that
    there is a loss at all, because the rows are few, `allowed_unproven_loss` is the limit. `metric` is the usual one of
    COMPARED_BY where none is named. A slice needs `min_slice_rows` test rows. The calibration error of a probability is
    not shown to be above its bound. Without `with_champion` nothing is compared: for one release that is better judged
    by people.
    """

    metric: Metric | None = None
    with_champion: bool = True
    allowed_loss: _Share = 0.02
    allowed_slice_loss: _Share = 0.05
    allowed_unproven_loss: _Share = 0.2
    min_slice_rows: _AtLeastOne = 30
    max_calibration_error: _Share = 0.1


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The truth of an example, known `horizon_hours` after its `event_at`.

    `sql` reads the staging models and the table `examples(row_id, as_of, event_at, keys, request fields)` and yields
    `row_id` and `label` (a number; null where the truth was never observed).
    """

    sql: str
    horizon_hours: float
    description: str
