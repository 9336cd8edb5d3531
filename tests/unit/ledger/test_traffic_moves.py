"""Moves of the traffic in the ledger: each recorded once, whole, and marked when the run history shows it."""

import datetime as dt

import msgspec

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.traffic_moves import (
    TrafficMove,
    last_traffic_sequence,
    mark_shown,
    record_traffic_move,
    traffic_moves,
)

AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def move(sequence: int, product: str = "churn") -> TrafficMove:
    return TrafficMove(
        product=product,
        sequence=sequence,
        kind="rollout_advanced",
        release_id="a" * 16,
        candidate="b" * 16,
        rollout_id="churn-b-2",
        step="canary",
        share=0.05,
        moved_at=AT,
        moved_by="driver",
        reason="every gate passed",
        evidence={"findings": [{"gate": "drift", "state": "passed", "told": "0.01"}]},
    )


def test_a_move_comes_back_whole(ledger: Ledger) -> None:
    assert record_traffic_move(ledger, move(2))
    assert traffic_moves(ledger, "churn") == [move(2)]


def test_a_move_is_recorded_once_and_the_first_word_stays(ledger: Ledger) -> None:
    record_traffic_move(ledger, move(2))
    assert not record_traffic_move(ledger, msgspec.structs.replace(move(2), reason="another"))
    assert [one.reason for one in traffic_moves(ledger, "churn")] == ["every gate passed"]


def test_the_newest_sequence_is_that_of_the_product_alone(ledger: Ledger) -> None:
    assert last_traffic_sequence(ledger, "churn") == 0
    for sequence, product in ((2, "churn"), (3, "churn"), (9, "clv")):
        record_traffic_move(ledger, move(sequence, product))
    assert last_traffic_sequence(ledger, "churn") == 3


def test_what_no_run_has_shown_is_found_until_one_has(ledger: Ledger) -> None:
    for sequence in (1, 2, 3):
        record_traffic_move(ledger, move(sequence))
    mark_shown(ledger, "churn", [1, 3])
    assert [one.sequence for one in traffic_moves(ledger, "churn", unshown_only=True)] == [2]
    assert [one.is_shown for one in traffic_moves(ledger, "churn")] == [True, False, True]
