"""The drafted cause and the timeline: what changed since the last good batch, ranked, and each event once."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import add_action
from platform_assets.ledger.incident_steps import record_cause
from platform_assets.ledger.incidents import entries, get_incident
from platform_assets.ledger.quarantined import record_quarantined
from platform_assets.ledger.traffic_moves import TrafficMove, record_traffic_move
from platform_assets.monitoring.incidents.draft import UNKNOWN, draft_cause, probable_cause, record_draft
from platform_assets.monitoring.incidents.happened import HappenedEvent, record_happened
from platform_assets.monitoring.incidents.plausibility import score_of
from platform_assets.monitoring.incidents.report import incident_report
from platform_assets.monitoring.incidents.timeline import timeline
from tests.unit.monitoring.incident_samples import AT, HOUR, PRODUCT, change_raw, look, publish


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def causes(ledger: Ledger) -> list[str]:
    return [cause.kind for cause in draft_cause(ledger, PRODUCT, get_incident(ledger, 1)).causes]


def refuse(ledger: Ledger, at: dt.datetime) -> None:
    record_quarantined(
        ledger,
        product=PRODUCT.name,
        as_of="2026-03-02",
        digest="bad",
        uri="there",
        reasons=[{"guardrail": "psi_from_last", "value": 0.9}],
        quarantined_at=at,
        run_id="run-9",
    )


def move_traffic(ledger: Ledger, at: dt.datetime) -> None:
    move = TrafficMove(
        product=PRODUCT.name,
        sequence=2,
        kind="moved",
        release_id="r2",
        candidate=None,
        rollout_id=None,
        step=None,
        share=None,
        moved_at=at,
        moved_by="ann",
        reason="better",
        evidence={},
    )
    record_traffic_move(ledger, move)


def failed_run(at: dt.datetime, run: str = "run-8") -> HappenedEvent:
    told = "churn_score failed: the disk is full"
    return HappenedEvent(key=f"run:{run}", kind="run_failed", happened_at=at, told=told, by="dagster")


def test_new_raw_data_comes_before_the_features_that_follow_from_it(ledger: Ledger) -> None:
    publish(ledger, AT - 48 * HOUR)
    change_raw(ledger, AT - 2 * HOUR)
    refuse(ledger, AT - HOUR / 60)
    look(ledger, "broken", AT, promise="guardrails", subject="2026-03-02")
    assert causes(ledger)[:2] == ["raw_file", "feature_view"]
    assert probable_cause(ledger, 1) == "raw file online_retail has new content raw-2"


def test_what_changed_before_the_last_good_batch_is_no_cause(ledger: Ledger) -> None:
    publish(ledger, AT - 96 * HOUR, as_of="2026-02-22")
    change_raw(ledger, AT - 72 * HOUR)
    publish(ledger, AT - 48 * HOUR)
    look(ledger, "broken", AT, promise="guardrails")
    assert not {"raw_file", "feature_view"} & set(causes(ledger))


def test_a_refused_batch_explains_why_nothing_newer_is_published(ledger: Ledger) -> None:
    publish(ledger, AT - 230 * HOUR)
    refuse(ledger, AT - 10 * HOUR)
    look(ledger, "broken", AT)
    best = draft_cause(ledger, PRODUCT, get_incident(ledger, 1)).causes[0]
    assert (best.kind, best.evidence[0]) == ("refused_batch", "platform quarantine show 1")
    assert "nothing_ran" not in causes(ledger)


def test_that_nothing_ran_and_no_data_came_is_said_where_nothing_else_is_known(ledger: Ledger) -> None:
    publish(ledger, AT - 230 * HOUR)
    look(ledger, "broken", AT)
    assert causes(ledger) == ["nothing_ran", "source_gap"]


def test_a_failed_run_that_is_told_later_becomes_the_probable_cause(ledger: Ledger) -> None:
    publish(ledger, AT - 230 * HOUR)
    look(ledger, "broken", AT)
    record_happened(ledger, 1, [failed_run(AT - HOUR)])
    for _ in range(2):
        record_draft(ledger, PRODUCT, get_incident(ledger, 1), AT + HOUR)
    assert probable_cause(ledger, 1) == "churn_score failed: the disk is full"
    assert [entry.kind for entry in entries(ledger, 1)].count("cause_drafted") == 2


def test_a_failed_run_that_is_known_when_the_promise_breaks_is_the_first_cause_drafted(ledger: Ledger) -> None:
    publish(ledger, AT - 200 * HOUR)
    asked: list[dt.datetime] = []

    def witness(_product: object, since: dt.datetime) -> list[HappenedEvent]:
        asked.append(since)
        return [failed_run(AT - HOUR)]

    look(ledger, "broken", AT, witness=witness)
    assert asked == [AT - 200 * HOUR]
    drafted = [entry.text for entry in entries(ledger, 1) if entry.kind == "cause_drafted"]
    assert drafted == [failed_run(AT).told]


def test_a_new_release_is_the_first_suspect_of_slow_answers_and_not_of_late_batches(ledger: Ledger) -> None:
    publish(ledger, AT - 48 * HOUR)
    move_traffic(ledger, AT - HOUR)
    look(ledger, "broken", AT, promise="sla_latency", subject="online")
    look(ledger, "broken", AT)
    assert causes(ledger)[0] == "release"
    late = draft_cause(ledger, PRODUCT, get_incident(ledger, 2)).causes
    assert late[0].kind != "release"


def test_a_promise_that_broke_before_is_a_suspect_and_one_that_holds_again_is_not(ledger: Ledger) -> None:
    look(ledger, "broken", AT - 3 * HOUR, promise="materialization_success")
    look(ledger, "broken", AT - 3 * HOUR, promise="guardrails")
    look(ledger, "kept", AT - 2 * HOUR, promise="guardrails")
    look(ledger, "broken", AT, promise="snapshot_age")
    found = draft_cause(ledger, PRODUCT, get_incident(ledger, 3))
    assert [cause.told for cause in found.causes] == ["the promise materialization_success was broken before"]


def test_where_no_record_changed_the_draft_says_so(ledger: Ledger) -> None:
    look(ledger, "broken", AT, promise="rule_drift", subject="online")
    assert probable_cause(ledger, 1) == UNKNOWN


def test_nearer_causes_score_higher_and_upstream_of_another_cause_higher_still() -> None:
    near = score_of("raw_file", "content", before=HOUR)
    assert near > score_of("raw_file", "content", before=30 * HOUR)
    assert near > score_of("raw_file", "content", before=HOUR, steps=3)
    assert near > score_of("raw_file", "content", before=HOUR, is_explained=True)
    assert score_of("raw_file", "content", before=dt.timedelta(hours=-1)) == 1.0


def test_the_timeline_tells_each_event_once_in_order_however_often_one_looks(ledger: Ledger) -> None:
    publish(ledger, AT - 48 * HOUR)
    change_raw(ledger, AT - 3 * HOUR)
    refuse(ledger, AT - HOUR)
    look(ledger, "broken", AT, promise="guardrails")
    for _ in range(2):
        record_happened(ledger, 1, [failed_run(AT - 2 * HOUR), failed_run(AT - 2 * HOUR)])
    look(ledger, "kept", AT + HOUR, promise="guardrails")
    first = timeline(ledger, PRODUCT, get_incident(ledger, 1), AT + 2 * HOUR)
    assert [line.kind for line in first] == [
        "data", "data", "publication", "data", "event", "data", "quarantine", "opened", "fallback", "cause_drafted",
        "recovered",
    ]  # fmt: skip
    assert first == timeline(ledger, PRODUCT, get_incident(ledger, 1), AT + 2 * HOUR)
    told = [(line.at, line.told) for line in first]
    assert len(told) == len(set(told))


def test_the_report_holds_the_draft_and_what_a_person_completed(ledger: Ledger) -> None:
    publish(ledger, AT - 230 * HOUR)
    look(ledger, "broken", AT)
    draft = incident_report(ledger, PRODUCT, get_incident(ledger, 1), AT + HOUR)
    assert draft.startswith("# Incident 1: Customer churn: data_age is broken")
    assert "| Marketing automation (CRM) | published_predictions (table) | retention_offers | high |" in draft
    assert "1. **no batch was made or refused" in draft
    assert draft.count("To be completed by a person") == 2
    word = Mandate(by="ann", at=AT, reason="the daemon was off | for days")
    record_cause(ledger, 1, word)
    add_action(ledger, 1, kind="preventive", what="watch it", owner="ops", due_at=AT - HOUR, by=word)
    done = incident_report(ledger, PRODUCT, get_incident(ledger, 1), AT + HOUR)
    assert "\n## Cause\n\nthe daemon was off | for days\n" in done
    assert "| 1 | preventive | watch it | ops | 2026-03-04 | **overdue** |" in done
    assert r"the daemon was off \| for days" in done
