"""Decisions of people: added, never changed, and where only one may be there, one wins."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from platform_assets.errors import AlreadyDecidedError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate, decide_once, decisions, last_decision, record_decision

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def word(by: str = "ann", reason: str = "looked at it") -> Mandate:
    return Mandate(by=by, at=AT, reason=reason)


def drop(ledger: Ledger, by: str) -> bool:
    try:
        decide_once(ledger, word(by), kind="quarantined_batch", subject="7", verdict="dropped", evidence={})
    except AlreadyDecidedError:
        return False
    return True


def test_a_decision_keeps_who_when_why_and_the_evidence(ledger: Ledger) -> None:
    made = record_decision(
        ledger, word(), kind="model_version", subject="p 1", verdict="approved", evidence={"gates": [1.5]}
    )
    assert last_decision(ledger, "model_version", "p 1") == made
    assert (made.mandate, made.evidence) == (word(), {"gates": [1.5]})
    assert last_decision(ledger, "publication", "p 1") is None


def test_decisions_about_one_subject_are_listed_oldest_first(ledger: Ledger) -> None:
    for verdict in ("approved", "rejected"):
        record_decision(ledger, word(), kind="model_version", subject="p 1", verdict=verdict, evidence={})
    record_decision(ledger, word(), kind="model_version", subject="p 2", verdict="approved", evidence={})
    assert [made.verdict for made in decisions(ledger, "model_version", "p 1")] == ["approved", "rejected"]
    assert len(decisions(ledger, "model_version")) == 3


def test_the_second_of_two_people_is_told_who_decided_what(ledger: Ledger) -> None:
    assert drop(ledger, "ann")
    with pytest.raises(AlreadyDecidedError, match=r"batch 7 was dropped by ann at .* \(looked at it\)"):
        decide_once(ledger, word("bob"), kind="quarantined_batch", subject="7", verdict="released", evidence={})


def test_of_eight_people_at_once_one_decides(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: drop(ledger, f"person {number}"), range(8)))
    assert sum(won) == len(decisions(ledger, "quarantined_batch", "7")) == 1
