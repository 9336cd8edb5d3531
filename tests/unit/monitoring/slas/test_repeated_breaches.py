"""Repeated breaches of an SLA demand actions, once per series, and hold promotions when nobody does them."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import actions, complete_action
from platform_assets.ledger.incidents import change_incident, entries, open_incident
from platform_assets.monitoring.slas.repetition import DUE_WITHIN, demand_actions
from platform_assets.registry.promotion_holds import promotion_holds
from tests.unit.serving.conftest import product_named

AT = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CHURN = product_named("churn")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def breach(ledger: Ledger, days_ago: int, promise: str = "sla_latency", subject: str = "online") -> int:
    at = AT - days_ago * DAY
    opened, _ = open_incident(
        ledger,
        product="churn",
        promise=promise,
        subject=subject,
        severity="minor",
        title=f"{promise} is broken",
        owner="crm",
        fallback="",
        impact={},
        opened_at=at,
    )
    change_incident(ledger, opened.incident_id, state="resolved", resolved_at=at)
    return opened.incident_id


def demand(ledger: Ledger, at: dt.datetime = AT) -> list[str]:
    return [made.kind for made in demand_actions(ledger, [CHURN], at)]


def test_three_breaches_in_thirty_days_demand_capacity_and_that_the_business_is_told(ledger: Ledger) -> None:
    newest = [breach(ledger, days) for days in (29, 10, 1)][-1]
    made = demand_actions(ledger, [CHURN], AT)
    assert [(one.kind, one.incident_id) for one in made] == [("capacity", newest), ("stakeholder", newest)]
    assert CHURN.online is not None
    assert {one.owner for one in made} == {CHURN.online.owner.team}
    assert [one.due_at for one in made] == [AT + DUE_WITHIN["capacity"], AT + DUE_WITHIN["stakeholder"]]
    assert "3 breaches of sla_latency (online) within 30 days" in made[0].what
    assert [entry.recorded_by for entry in entries(ledger, newest)] == ["platform", "platform"]


@pytest.mark.parametrize(
    ("promise", "subject", "kind"),
    [("sla_freshness", "batch", "redesign"), ("sla_availability", "online", "capacity")],
)
def test_each_measure_demands_what_mends_it(ledger: Ledger, promise: str, subject: str, kind: str) -> None:
    for days in (3, 2, 1):
        breach(ledger, days, promise, subject)
    assert demand(ledger) == [kind, "stakeholder"]


def test_fewer_or_older_breaches_or_those_of_another_promise_demand_nothing(ledger: Ledger) -> None:
    for days in (45, 10, 1):
        breach(ledger, days)
    breach(ledger, 2, "sla_error_rate")
    breach(ledger, 2, "sla_freshness", "batch")
    assert demand(ledger) == []


def test_a_series_demands_its_actions_once_also_when_it_goes_on(ledger: Ledger) -> None:
    for days in (5, 4, 3):
        breach(ledger, days)
    assert len(demand(ledger)) == 2
    complete_action(ledger, actions(ledger, "churn")[0].action_id, Mandate(by="ann", at=AT, reason="told them"))
    breach(ledger, 1)
    assert demand(ledger) == []


def test_an_action_that_nobody_did_in_time_holds_promotions(ledger: Ledger) -> None:
    for days in (5, 4, 3):
        breach(ledger, days)
    demand(ledger)
    assert not any(hold.holds(AT + 6 * DAY) for hold in promotion_holds(ledger, "churn"))
    (held,) = [hold for hold in promotion_holds(ledger, "churn") if hold.holds(AT + 8 * DAY)]
    assert held.told.startswith("stakeholder action")
