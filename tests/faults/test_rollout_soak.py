"""A short soak in the suite: promotions and rollbacks under load mix nothing and drop nobody.

`make soak-rollouts` makes a thousand of them.
"""

import datetime as dt
import sys
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.settings import Settings
from tests.faults.answer_check import AnswerCheck, Known
from tests.faults.rollout_soak import Report, soak
from tests.integration.two_releases import train_two

TURNS = 24
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
KNOWN = Known(
    digests={"one": "d1", "two": "d2"},
    versions={"one": (1, "f", 1), "two": (2, "f", 1)},
    values={"first": 1.0, "second": 2.0},
    scores={("one", "first"): 0.1, ("one", "second"): 0.2, ("two", "first"): 0.3, ("two", "second"): 0.4},
)
ENTRY = PredictionLogEntry(
    prediction_id="p",
    request_id="r",
    product="churn",
    entity_id="13085",
    row_keys={},
    event_at=AT,
    as_of=AT,
    predicted_at=AT,
    score=0.1,
    label=None,
    confidence=None,
    uncertainty=None,
    is_valid=True,
    release_id="one",
    model_version=1,
    feature_version="f",
    output_schema_version=1,
    bundle_digest="d1",
    snapshot_id="first",
    snapshot_epoch=3,
    features=[1.0, 1.0],
    request={},
    fallback="none",
    reason=None,
    is_stale=False,
    action_allowed=True,
    engine="e",
    device="cpu",
    latency_ms=1.0,
)


def test_promotions_and_rollbacks_under_load_mix_no_answer_and_drop_no_request(
    tmp_path: Path, online_store: Settings
) -> None:
    report = soak(train_two(tmp_path / "trained"), online_store, TURNS)
    sys.stdout.write(f"{report}\n")
    assert report.problems() == []
    assert report.turns["rolled back"] >= 5
    assert report.check.checked > 100


@pytest.mark.parametrize(
    "change",
    [
        {"model_version": 2},
        {"bundle_digest": "d2"},
        {"output_schema_version": 2},
        {"score": 0.3},
        {"score": 0.2},
        {"snapshot_id": "second"},
        {"features": [1.0, 2.0]},
        {"fallback": "default_score", "reason": "engine_error"},
    ],
    ids=str,
)
def test_an_entry_whose_parts_disagree_is_found(change: dict[str, object]) -> None:
    assert KNOWN.problem(ENTRY) is None
    assert KNOWN.problem(msgspec.structs.replace(ENTRY, **change)) is not None


def test_a_dropped_request_and_an_answer_without_an_entry_are_told() -> None:
    report = Report(AnswerCheck(KNOWN))
    report.outcome.statuses[200], report.outcome.broken = 7, 2
    report.check.answered([{name: getattr(ENTRY, name) for name in ENTRY.__struct_fields__}])
    assert report.dropped == 2
    assert [problem.partition(":")[0] for problem in report.problems()] == [
        "2 connections broke",
        "1 answers are not in the log",
        "only [] answered",
    ]
