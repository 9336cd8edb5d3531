"""How plausible a kind of change is as the cause of a kind of breach, and how time and lineage weigh it."""

import datetime as dt
from typing import Literal

from platform_assets.contract.promises import RULE_PREFIX
from platform_assets.monitoring.incidents.reach import is_about_online

CauseKind = Literal[
    "refused_batch", "failed_run", "source_gap", "nothing_ran", "broken_before", "raw_file", "feature_view",
    "code", "release", "configuration", "traffic",
]  # fmt: skip
# late: something was not made in time; content: what was made is refused; serving: answers are slow, wrong or missing.
BreachKind = Literal["late", "content", "serving"]

# Judgement, not measurement: what operators of such platforms look at first. One is "explains it by itself".
_PLAUSIBLE: dict[BreachKind, dict[CauseKind, float]] = {
    "late": {
        "refused_batch": 1.0,
        "failed_run": 1.0,
        "source_gap": 0.5,
        "nothing_ran": 0.7,
        "broken_before": 0.8,
        "raw_file": 0.3,
        "feature_view": 0.2,
        "code": 0.4,
        "release": 0.2,
        "configuration": 0.2,
        "traffic": 0.1,
    },
    "content": {
        "refused_batch": 0.0,  # that is the breach itself
        "failed_run": 0.3,
        "source_gap": 0.2,
        "nothing_ran": 0.0,
        "broken_before": 0.5,
        "raw_file": 1.0,
        "feature_view": 0.8,
        "code": 0.7,
        "release": 0.7,
        "configuration": 0.4,
        "traffic": 0.0,
    },
    "serving": {
        "refused_batch": 0.1,
        "failed_run": 0.3,
        "source_gap": 0.1,
        "nothing_ran": 0.0,
        "broken_before": 0.8,
        "raw_file": 0.2,
        "feature_view": 0.4,
        "code": 0.6,
        "release": 1.0,
        "configuration": 0.7,
        "traffic": 0.8,
    },
}
_CONTENT = ("guardrails", "sla_coverage")
_LATE_ONLINE = ("snapshot_age", "materialization_lag", "materialization_success", "sla_freshness", "runs")
_A_DAY_H = 24.0
_PER_STEP = 0.9
_EXPLAINED = 0.5


def breach_kind(promise: str, subject: str) -> BreachKind:
    """Return which kind of breach a broken promise is."""
    if promise in _CONTENT or promise.startswith(RULE_PREFIX):
        return "content" if not is_about_online(promise, subject) else "serving"
    return "serving" if is_about_online(promise, subject) and promise not in _LATE_ONLINE else "late"


def score_of(
    cause: CauseKind, breach: BreachKind, *, before: dt.timedelta, steps: int = 0, is_explained: bool = False
) -> float:
    """Return how probable a cause is, from 0 to 1, to be compared within one incident alone.

    `before` is how long before the breach it happened; a day halves it. Each of `steps` of lineage between it and the
    output takes a tenth. A change that follows from another candidate counts half.
    """
    nearness = 1.0 / (1.0 + max(before.total_seconds(), 0.0) / 3600.0 / _A_DAY_H)
    explained = _EXPLAINED if is_explained else 1.0
    return round(_PLAUSIBLE[breach][cause] * nearness * _PER_STEP**steps * explained, 3)
