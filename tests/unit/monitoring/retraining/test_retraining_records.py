"""Breaches as the ledger has them, and what the incident of one tells of its request."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.errors import RetrainingStateError
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incidents import entries
from platform_assets.ledger.promises import record_observations
from platform_assets.ledger.retraining import RetrainingRequest, requests
from platform_assets.monitoring.incidents.follow import follow_incidents
from platform_assets.monitoring.retraining.breaches import Breach, breaches
from platform_assets.monitoring.retraining.records import ask_by_hand, ask_for_breach, follow, withdraw
from platform_assets.monitoring.rules.finding import Measured, observation_of
from tests.unit.monitoring.incident_samples import AT, HOUR, PRODUCT
from tests.unit.monitoring.retraining.retraining_samples import PROSPECT, RELEASE

WORD = Mandate(by="ann", at=AT, reason="the season has turned")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def find(ledger: Ledger, name: str, value: float, at: dt.datetime = AT) -> list[Breach]:
    """Let a rule find a value, incidents follow, and return what asks for a new model then."""
    rule = next(one for one in ALERT_RULES if one.name == name)
    seen = observation_of(PRODUCT.name, rule, Measured(told="so it is", value=value))
    with ledger.transaction():
        follow_incidents(ledger, [PRODUCT], record_observations(ledger, [seen], at), at)
    return breaches(ledger, PRODUCT.name)


def ask(ledger: Ledger) -> RetrainingRequest:
    (breach,) = find(ledger, "score_shift", 0.3)
    mandate = Mandate(by="platform", at=AT, reason="it is broken")
    return ask_for_breach(ledger, PRODUCT.name, breach, release_id=RELEASE, prospect=PROSPECT, mandate=mandate)[0]


def told(ledger: Ledger, incident_id: int | None) -> list[str]:
    assert incident_id is not None
    return [one.text for one in entries(ledger, incident_id) if "retraining request" in one.text]


def test_a_broken_rule_whose_response_is_a_new_model_is_a_breach_with_its_incident(ledger: Ledger) -> None:
    (breach,) = find(ledger, "score_shift", 0.3)
    assert (breach.promise, breach.subject, breach.value) == ("rule_score_shift", "online", 0.3)
    assert breach.incident_id is not None
    assert breach.settle_days == 7


def test_a_rule_that_asks_for_something_else_or_holds_is_no_breach(ledger: Ledger) -> None:
    assert find(ledger, "feature_shift", 9.0) == []
    assert find(ledger, "score_shift", 0.05) == []


def test_a_rule_that_breaks_again_within_hours_is_the_same_breach(ledger: Ledger) -> None:
    (first,) = find(ledger, "score_shift", 0.3)
    find(ledger, "score_shift", 0.05, AT + HOUR)
    (again,) = find(ledger, "score_shift", 0.3, AT + 2 * HOUR)
    assert again.since > first.since
    cause = first.cause(RELEASE, PROSPECT.cutoff)
    assert again.is_cause_of(cause, RELEASE)
    assert not again.is_cause_of(cause, "b" * 16)


def test_the_timeline_of_the_incident_tells_the_request_and_its_outcome_once(ledger: Ledger) -> None:
    request = ask(ledger)
    ask(ledger)
    for _ in range(2):
        follow(ledger, request.request_id, "started", "run r trains", at=AT + HOUR)
        follow(ledger, request.request_id, "refused", "a gate fails", at=AT + 2 * HOUR)
    lines = told(ledger, request.incident_id)
    assert len(lines) == 3
    assert "candidate is trained on examples up to 2026-02-01" in lines[0]
    assert lines[2].endswith("is refused: a gate fails")


def test_a_person_takes_a_request_back_and_its_end_stays(ledger: Ledger) -> None:
    request = ask(ledger)
    taken = withdraw(ledger, request.request_id, WORD)
    assert (taken.state, taken.steps[-1].recorded_by) == ("withdrawn", "ann")
    with pytest.raises(RetrainingStateError, match="is withdrawn"):
        withdraw(ledger, request.request_id, WORD)
    assert told(ledger, request.incident_id)[-1].endswith("the season has turned")


def test_a_request_by_hand_belongs_to_no_incident(ledger: Ledger) -> None:
    made = ask_by_hand(ledger, PRODUCT.name, release_id=RELEASE, prospect=PROSPECT, mandate=WORD)
    assert (made.incident_id, made.requested_by, made.reason) == (None, "ann", "the season has turned")
    assert requests(ledger, PRODUCT.name) == [made]
