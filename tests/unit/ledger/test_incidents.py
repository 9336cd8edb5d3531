"""Incidents as people work with them: states, causes, waivers and actions, each step with who, when and why."""

import datetime as dt

import pytest

from platform_assets.errors import IncidentStateError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import actions, add_action, complete_action
from platform_assets.ledger.incident_steps import acknowledge, record_cause, resolve, waive
from platform_assets.ledger.incidents import (
    Incident,
    change_incident,
    entries,
    get_incident,
    incidents,
    open_incident,
)

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def word(reason: str = "looked at it", at: dt.datetime = AT) -> Mandate:
    return Mandate(by="ann", at=at, reason=reason)


def opened(ledger: Ledger, promise: str = "data_age") -> tuple[Incident, bool]:
    return open_incident(
        ledger,
        product="p",
        promise=promise,
        subject="",
        severity="severe",
        title="p: data_age is broken",
        owner="team-p",
        fallback="the last good batch",
        impact={"readings": []},
        opened_at=AT,
    )


def recovered(ledger: Ledger) -> Incident:
    return change_incident(ledger, opened(ledger)[0].incident_id, state="recovered", recovered_at=AT)


def test_there_is_one_open_incident_per_promise(ledger: Ledger) -> None:
    first, is_new = opened(ledger)
    assert is_new
    assert opened(ledger) == (first, False)
    assert opened(ledger, promise="rollout")[0].incident_id == 2


def test_an_incident_that_is_not_there_is_told(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecordError, match=r"no incident '7'.*platform incidents list"):
        acknowledge(ledger, 7, word())


def test_every_step_is_recorded_with_who_when_and_why(ledger: Ledger) -> None:
    recovered(ledger)
    acknowledge(ledger, 1, word("on it"))
    record_cause(ledger, 1, word("the disk was full"))
    record_cause(ledger, 1, word("a log filled the disk"))
    resolve(ledger, 1, word("logs rotate now"))
    steps = [(entry.kind, entry.recorded_by, entry.text) for entry in entries(ledger, 1)]
    assert steps == [
        ("acknowledged", "ann", "on it"),
        ("cause", "ann", "the disk was full"),
        ("cause", "ann", "a log filled the disk"),
        ("resolved", "ann", "logs rotate now"),
    ]
    found = get_incident(ledger, 1)
    assert (found.state, found.root_cause, found.resolved_at) == ("resolved", "a log filled the disk", AT)
    assert incidents(ledger) == []


def test_acknowledging_what_has_recovered_leaves_it_recovered(ledger: Ledger) -> None:
    recovered(ledger)
    assert acknowledge(ledger, 1, word()).state == "recovered"


def test_nothing_is_resolved_without_a_cause(ledger: Ledger) -> None:
    recovered(ledger)
    with pytest.raises(IncidentStateError, match=r"incident 1: no cause is recorded. Say what it was"):
        resolve(ledger, 1, word())


def test_nothing_is_resolved_while_the_promise_is_broken_unless_it_is_waived(ledger: Ledger) -> None:
    opened(ledger)
    record_cause(ledger, 1, word())
    with pytest.raises(IncidentStateError, match=r"promise data_age of p is still broken. Mend it"):
        resolve(ledger, 1, word())
    waive(ledger, 1, word(), until=AT + DAY)
    assert resolve(ledger, 1, word()).state == "resolved"


def test_a_resolved_incident_is_neither_acknowledged_nor_resolved_again(ledger: Ledger) -> None:
    recovered(ledger)
    record_cause(ledger, 1, word())
    resolve(ledger, 1, word())
    for step in (acknowledge, resolve):
        with pytest.raises(IncidentStateError, match=r"it was resolved at 2026-01-02"):
            step(ledger, 1, word())


def test_a_waiver_must_end_in_the_time_to_come(ledger: Ledger) -> None:
    opened(ledger)
    with pytest.raises(IncidentStateError, match=r"would be over already"):
        waive(ledger, 1, word(), until=AT)
    assert get_incident(ledger, 1).waived_until is None


def test_an_action_is_done_once_and_its_outcome_is_kept(ledger: Ledger) -> None:
    opened(ledger)
    add_action(ledger, 1, kind="preventive", what="rotate logs", owner="ops", due_at=AT + DAY, by=word())
    done = complete_action(ledger, 1, word("logrotate is on"))
    assert (done.done_by, done.outcome, done.is_overdue(AT + 9 * DAY)) == ("ann", "logrotate is on", False)
    with pytest.raises(IncidentStateError, match=r"action 1 was done by ann"):
        complete_action(ledger, 1, word())
    assert actions(ledger, undone_only=True) == []
    assert [entry.text for entry in entries(ledger, 1)] == [
        "preventive action 1 for ops until 2026-01-03: rotate logs (looked at it)",
        "action 1 is done: logrotate is on",
    ]


def test_actions_are_listed_in_the_order_they_are_due(ledger: Ledger) -> None:
    opened(ledger)
    for days in (3, 1):
        add_action(ledger, 1, kind="preventive", what="x", owner="ops", due_at=AT + days * DAY, by=word())
    assert [one.action_id for one in actions(ledger, "p", incident_id=1)] == [2, 1]
    with pytest.raises(UnknownRecordError, match="no action '9'"):
        complete_action(ledger, 9, word())
