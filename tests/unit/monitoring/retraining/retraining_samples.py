"""Situations in which a new model is or is not asked for."""

import datetime as dt

import msgspec

from platform_assets.contract.retraining import Retraining
from platform_assets.ledger.retraining import RetrainingRequest, RetrainingState, RetrainingStep
from platform_assets.monitoring.retraining.breaches import Breach
from platform_assets.monitoring.retraining.decide import Prospect, Situation

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RELEASE = "a" * 16
BREACH = Breach(
    promise="rule_score_shift",
    subject="online",
    incident_id=5,
    since=NOW - DAY,
    value=0.21,
    limit=0.1,
    unit="share of the predictions",
    told="the scores differ by 0.210",
    settle_days=7,
)
PROSPECT = Prospect(cutoff=dt.date(2026, 2, 1), train_from=dt.date(2025, 2, 1), new_labels=900)


def situation(**changes: object) -> Situation:
    """Return one in which a new model is asked for, but for the changes."""
    usual = Situation(
        limits=Retraining(cooldown_days=7, most_in_30_days=2, needs_new_labels=500),
        breaches=(BREACH,),
        history=(),
        release_id=RELEASE,
        release_since=NOW - 60 * DAY,
        now=NOW,
        prospect=PROSPECT,
    )
    return msgspec.structs.replace(usual, **changes)


def request(
    number: int, state: RetrainingState, *, days_ago: float, cause: str = "another breach"
) -> RetrainingRequest:
    """Return a request that stands so."""
    at = NOW - days_ago * DAY
    step = RetrainingStep(
        step_id=number, request_id=number, state=state, happened_at=at, recorded_by="run", told="so", facts={}
    )
    return RetrainingRequest(
        request_id=number,
        product="churn",
        cause=cause,
        incident_id=None,
        release_id=RELEASE,
        cutoff=PROSPECT.cutoff,
        train_from=PROSPECT.train_from,
        requested_at=at,
        requested_by="platform",
        reason="because",
        evidence={},
        steps=() if state == "requested" else (step,),
    )
