"""Promises in the ledger: where each stands, and a change only where its state changed."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from platform_assets.contract.promises import PromiseState
from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import (
    Observation,
    forget_settled,
    promise_changes,
    promise_standing,
    promise_standings,
    record_observations,
)

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def look(state: PromiseState, *, subject: str = "", value: float | None = 1.0) -> Observation:
    return Observation(
        product="churn",
        promise="data_age",
        subject=subject,
        state=state,
        value=value,
        limit=2.0,
        unit="hours",
        facts={"as_of": AT},
    )


def test_a_promise_that_is_kept_from_the_start_is_no_change(ledger: Ledger) -> None:
    assert record_observations(ledger, [look("kept")], AT) == []
    (standing,) = promise_standings(ledger, "churn")
    assert (standing.state, standing.since, standing.value, standing.limit) == ("kept", AT, 1.0, 2.0)
    assert standing.facts == {"as_of": "2026-01-02T00:00:00Z"}


def test_a_promise_that_is_broken_from_the_start_was_unknown_before(ledger: Ledger) -> None:
    (change,) = record_observations(ledger, [look("broken", value=3.0)], AT)
    assert (change.before, change.after, change.value, change.changed_at) == ("unknown", "broken", 3.0, AT)
    assert promise_changes(ledger) == [change]


def test_a_state_that_lasts_keeps_its_start_and_its_last_numbers(ledger: Ledger) -> None:
    record_observations(ledger, [look("broken", value=3.0)], AT)
    assert record_observations(ledger, [look("broken", value=4.0)], AT + HOUR) == []
    (standing,) = promise_standings(ledger)
    assert (standing.since, standing.checked_at, standing.value) == (AT, AT + HOUR, 4.0)


def test_each_change_is_an_event_that_can_be_read_from_a_number_on(ledger: Ledger) -> None:
    states: list[PromiseState] = ["unknown", "kept", "at_risk", "broken", "kept"]
    for hours, state in enumerate(states):
        record_observations(ledger, [look(state)], AT + hours * HOUR)
    changes = promise_changes(ledger, "churn")
    assert [(one.before, one.after) for one in changes] == [
        ("unknown", "kept"),
        ("kept", "at_risk"),
        ("at_risk", "broken"),
        ("broken", "kept"),
    ]
    assert promise_changes(ledger, after=changes[2].change_id) == changes[3:]
    assert promise_changes(ledger, "clv") == []


def test_subjects_of_one_promise_stand_for_themselves(ledger: Ledger) -> None:
    changes = record_observations(ledger, [look("kept", subject="2011-12-09"), look("broken", subject="x")], AT)
    assert [change.subject for change in changes] == ["x"]
    assert [one.state for one in promise_standings(ledger)] == ["kept", "broken"]


def test_a_look_that_was_overtaken_while_it_waited_changes_nothing(ledger: Ledger) -> None:
    record_observations(ledger, [look("kept")], AT)
    assert record_observations(ledger, [look("broken")], AT - dt.timedelta(seconds=10)) == []
    assert promise_standings(ledger)[0].state == "kept"


def test_a_clock_that_was_set_back_a_year_does_not_blind_the_watch(ledger: Ledger) -> None:
    record_observations(ledger, [look("kept")], AT + 365 * 24 * HOUR)
    assert len(record_observations(ledger, [look("broken")], AT)) == 1


def test_a_failure_inside_the_callers_transaction_undoes_the_look(ledger: Ledger) -> None:
    def look_and_fail() -> None:
        with ledger.transaction():
            record_observations(ledger, [look("broken")], AT)
            raise UnknownRecordError(kind="incident", key="1", remedy="none")

    with pytest.raises(UnknownRecordError):
        look_and_fail()
    assert promise_standings(ledger) == []
    assert promise_changes(ledger) == []


def test_of_eight_watches_at_once_one_tells_the_change(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: record_observations(ledger, [look("broken")], AT), range(8)))
    assert sum(map(len, told)) == len(promise_changes(ledger)) == 1


def test_what_json_cannot_say_is_kept_as_nothing_and_holds_up_no_other_promise(ledger: Ledger) -> None:
    nan = float("nan")
    (change,) = record_observations(
        ledger, [Observation(product="churn", promise="guardrails", state="broken", value=nan, facts={"rate": nan})], AT
    )
    assert (change.value, change.facts) == (None, {"rate": None})
    standing = promise_standing(ledger, "churn", "guardrails")
    assert standing is not None
    assert (standing.value, standing.facts) == (None, {"rate": None})


def test_changes_and_standings_are_found_by_promise(ledger: Ledger) -> None:
    other = Observation(product="churn", promise="guardrails", state="broken")
    record_observations(ledger, [look("broken", subject="a"), other], AT)
    assert [one.subject for one in promise_changes(ledger, "churn", promise="data_age")] == ["a"]
    standing = promise_standing(ledger, "churn", "data_age", "a")
    assert standing is not None
    assert standing.state == "broken"
    assert promise_standing(ledger, "churn", "data_age") is None


def test_days_that_are_over_and_in_order_are_forgotten_and_what_is_wrong_or_looked_at_is_not(ledger: Ledger) -> None:
    def day(subject: str, state: PromiseState, at: dt.datetime) -> None:
        record_observations(
            ledger, [Observation(product="churn", promise="partition", subject=subject, state=state)], at
        )

    later = AT + dt.timedelta(days=31)
    day("2026-01-01", "kept", AT)
    day("2026-01-02", "broken", AT)
    day("2026-02-01", "kept", later)
    record_observations(ledger, [look("kept")], AT)
    assert forget_settled(ledger, "partition", later) == 1
    assert [one.subject for one in promise_standings(ledger)] == ["", "2026-01-02", "2026-02-01"]
    assert [one.subject for one in promise_changes(ledger)] == ["2026-01-02"]
