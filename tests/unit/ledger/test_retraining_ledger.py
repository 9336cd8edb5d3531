"""Requests for a new model in the ledger: one per cause, steps that are only added, an end that stays."""

import datetime as dt
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.retraining import Wish, get_request, record_request, record_step, requests

AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
MANDATE = Mandate(by="platform", at=AT, reason="rule_score_shift is broken")


def wish(cause: str = "breach 1", product: str = "churn") -> Wish:
    return Wish(
        product=product,
        cause=cause,
        incident_id=3,
        release_id="a" * 16,
        cutoff=dt.date(2011, 3, 10),
        train_from=dt.date(2010, 3, 10),
        evidence={"value": 0.2},
    )


def ask_in_another_process(dsn: str) -> bool:
    return record_request(open_ledger(dsn), wish(), MANDATE)[1]


def test_a_request_comes_back_whole_and_has_not_begun(ledger: Ledger) -> None:
    made, is_new = record_request(ledger, wish(), MANDATE)
    assert is_new
    assert requests(ledger) == [made]
    assert (made.cutoff, made.state, made.is_ended) == (dt.date(2011, 3, 10), "requested", False)


def test_a_cause_is_answered_once_per_product(ledger: Ledger) -> None:
    first, _ = record_request(ledger, wish(), MANDATE)
    again, is_new = record_request(ledger, wish(), Mandate(by="ann", at=AT, reason="again"))
    assert (again, is_new) == (first, False)
    record_request(ledger, wish("breach 2"), MANDATE)
    record_request(ledger, wish(product="clv"), MANDATE)
    assert len(requests(ledger, "churn")) == 2


def test_of_several_processes_at_once_one_records_the_request(ledger: Ledger) -> None:
    dsn = ledger.engine.url.render_as_string()
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        assert sorted(pool.map(ask_in_another_process, [dsn] * 3)) == [False, False, True]
    assert len(requests(ledger)) == 1


def test_the_last_step_says_how_a_request_stands(ledger: Ledger) -> None:
    made, _ = record_request(ledger, wish(), MANDATE)
    record_step(ledger, made.request_id, "started", "it trains", at=AT, by="run", facts={"run_id": "r"})
    found, is_new = record_step(ledger, made.request_id, "candidate", "version 2", at=AT, by="run")
    assert is_new
    assert [step.state for step in found.steps] == ["started", "candidate"]
    assert found.state == "candidate"


def test_a_step_that_says_the_same_again_is_not_recorded_twice(ledger: Ledger) -> None:
    made, _ = record_request(ledger, wish(), MANDATE)
    record_step(ledger, made.request_id, "started", "it trains", at=AT, by="run", facts={"run_id": "r"})
    found, is_new = record_step(ledger, made.request_id, "started", "it trains", at=AT, by="run", facts={"run_id": "r"})
    assert (len(found.steps), is_new) == (1, False)


def test_a_request_that_has_ended_stays_as_it_is(ledger: Ledger) -> None:
    made, _ = record_request(ledger, wish(), MANDATE)
    record_step(ledger, made.request_id, "withdrawn", "not now", at=AT, by="ann")
    found, is_new = record_step(ledger, made.request_id, "released", "late", at=AT, by="run")
    assert (found.state, is_new, found.is_ended) == ("withdrawn", False, True)


def test_an_unknown_request_is_told(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecordError, match="platform retraining list"):
        get_request(ledger, 7)
