"""Incidents follow promises: one per breach, worse with time, recovered and reopened, whoever looks at once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_steps import record_cause, resolve, waive
from platform_assets.ledger.incidents import entries, get_incident, incidents
from platform_assets.monitoring.incidents.follow import REOPENED_WITHIN
from tests.unit.monitoring.incident_samples import ACTING, AT, HOUR, look, publish


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def kinds(ledger: Ledger, incident_id: int = 1) -> list[str]:
    return [entry.kind for entry in entries(ledger, incident_id)]


def word(at: dt.datetime) -> Mandate:
    return Mandate(by="ann", at=at, reason="the disk was full")


def test_a_broken_promise_opens_one_incident_with_owner_impact_fallback_and_cause(ledger: Ledger) -> None:
    publish(ledger, AT - 230 * HOUR)
    [move] = look(ledger, "broken", AT)
    opened = move.incident
    assert (move.kind, move.change is not None, opened.state, opened.opened_at) == ("opened", True, "open", AT)
    assert opened.title == "Customer churn: data_age is broken (230 hours, promised 192 hours)"
    assert opened.owner == "customer-intelligence"
    assert "read the last good batch: as of 2026-03-01" in opened.fallback
    assert "marked stale" in opened.fallback
    assert {one["consumer"] for one in opened.impact["readings"]} >= {"marketing_automation"}
    assert kinds(ledger) == ["opened", "fallback", "cause_drafted"]


def test_a_promise_that_is_kept_or_at_risk_opens_nothing(ledger: Ledger) -> None:
    sound: tuple[PromiseState, ...] = ("kept", "at_risk", "unknown")
    assert [look(ledger, state, AT) for state in sound] == [[], [], []]
    assert incidents(ledger) == []


def test_looking_again_at_a_broken_promise_changes_nothing(ledger: Ledger) -> None:
    look(ledger, "broken", AT)
    before = get_incident(ledger, 1), kinds(ledger)
    assert look(ledger, "broken", AT + HOUR) == []
    assert (get_incident(ledger, 1), kinds(ledger)) == before


def test_a_promise_that_holds_again_lets_its_incident_recover_and_wait_for_a_person(ledger: Ledger) -> None:
    look(ledger, "broken", AT)
    [move] = look(ledger, "at_risk", AT + HOUR)
    assert (move.kind, move.incident.state, move.incident.recovered_at) == ("recovered", "recovered", AT + HOUR)
    assert [one.incident_id for one in incidents(ledger)] == [1]


def test_a_promise_that_flaps_stays_one_incident(ledger: Ledger) -> None:
    for hour in range(0, 6, 2):
        look(ledger, "broken", AT + hour * HOUR)
        look(ledger, "kept", AT + (hour + 1) * HOUR)
    [move] = look(ledger, "broken", AT + 6 * HOUR)
    assert (move.kind, move.incident.incident_id, move.incident.recovered_at) == ("reopened", 1, None)
    assert kinds(ledger).count("reopened") == 3


def test_a_breach_long_after_the_recovery_is_an_incident_of_its_own(ledger: Ledger) -> None:
    look(ledger, "broken", AT)
    look(ledger, "kept", AT + HOUR)
    [move] = look(ledger, "broken", AT + HOUR + REOPENED_WITHIN + HOUR)
    assert (move.kind, move.incident.incident_id) == ("opened", 2)


def test_a_broken_promise_that_can_no_longer_be_measured_stays_an_incident(ledger: Ledger) -> None:
    look(ledger, "broken", AT)
    assert [move.kind for move in look(ledger, "unknown", AT + HOUR)] == ["changed"]
    assert [move.kind for move in look(ledger, "broken", AT + 2 * HOUR)] == ["changed"]
    assert [one.state for one in incidents(ledger)] == ["open"]


def test_promises_of_different_subjects_are_different_incidents(ledger: Ledger) -> None:
    for subject in ("2026-03-01", "2026-02-22"):
        look(ledger, "broken", AT, promise="partition", subject=subject)
    assert [one.subject for one in incidents(ledger)] == ["2026-03-01", "2026-02-22"]


def test_severity_grows_when_the_next_reading_comes_near_and_never_shrinks(ledger: Ledger) -> None:
    look(ledger, "broken", AT)  # on a Wednesday; the CRM reads on Monday at six
    assert get_incident(ledger, 1).severity == "major"
    [worse] = look(ledger, "broken", AT + dt.timedelta(days=4))
    assert (worse.kind, worse.incident.severity, worse.change) == ("worse", "severe", None)
    assert look(ledger, "broken", AT + dt.timedelta(days=6)) == []
    told = next(entry.text for entry in entries(ledger, 1) if entry.kind == "severity")
    assert told == "severity major -> severe: hurts Marketing automation (CRM), Business intelligence now"


def test_a_watch_that_could_not_look_hurts_nobody_outside(ledger: Ledger) -> None:
    [move] = look(ledger, "broken", AT, promise="runs", subject="watch of slas")
    assert (move.incident.severity, move.incident.impact["readings"]) == ("minor", [])
    assert move.incident.fallback.startswith("Consumers get all that they should")


def test_what_machines_leave_out_is_told(ledger: Ledger) -> None:
    [move] = look(ledger, "broken", AT, product=ACTING)
    assert move.incident.impact["suspended_actions"] == ["send_offer"]
    assert "send_offer is not done" in move.incident.fallback


def test_a_breach_that_outlives_its_waiver_becomes_a_new_incident(ledger: Ledger) -> None:
    look(ledger, "broken", AT)
    record_cause(ledger, 1, word(AT))
    waive(ledger, 1, word(AT), until=AT + 2 * HOUR)
    resolve(ledger, 1, word(AT))
    assert look(ledger, "broken", AT + HOUR) == []
    [move] = look(ledger, "broken", AT + 3 * HOUR)
    assert (move.kind, move.incident.incident_id, move.change) == ("opened", 2, None)


def test_of_two_watches_at_once_one_opens_the_incident(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        moves = list(pool.map(lambda _: look(ledger, "broken", AT), range(4)))
    assert [move.kind for moved in moves for move in moved] == ["opened"]
    assert len(incidents(ledger)) == 1


def test_what_fails_in_the_transaction_of_the_watch_leaves_no_incident(ledger: Ledger) -> None:
    def watch_that_fails() -> None:
        with ledger.transaction():
            look(ledger, "broken", AT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_that_fails()
    assert incidents(ledger) == []
    assert [move.kind for move in look(ledger, "broken", AT)] == ["opened"]
