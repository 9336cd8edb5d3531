"""The smaller records: refused batches, online snapshots, drains of the prediction log."""

import datetime as dt

import pytest

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.drains import last_drain, record_drain
from platform_assets.ledger.quarantined import quarantined_batches, record_quarantined
from platform_assets.ledger.snapshots import (
    SnapshotRecord,
    current_snapshot,
    record_snapshot,
    roll_back_to,
    snapshots,
)

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def refuse(ledger: Ledger, product: str = "churn", reason: str = "value_range") -> int:
    return record_quarantined(
        ledger,
        product=product,
        as_of="2011-12-09",
        digest="d",
        uri="u",
        reasons=[{"guardrail": reason}],
        quarantined_at=AT,
        run_id="run",
    ).quarantine_id


def snapshot(ledger: Ledger, snapshot_id: str, as_of: dt.datetime = AT) -> SnapshotRecord:
    return record_snapshot(
        ledger,
        service="churn",
        snapshot_id=snapshot_id,
        as_of=as_of,
        rows=9,
        changed=2,
        deleted=1,
        published_at=AT,
        run_id="run",
        uri="u",
    )


def drain(ledger: Ledger, sequence: int, last_id: str) -> int:
    return record_drain(
        ledger, stream="s", sequence=sequence, last_id=last_id, rows=5, delta_version=sequence, drained_at=AT
    ).sequence


def test_a_refused_batch_is_recorded_once_with_its_first_reasons(ledger: Ledger) -> None:
    assert refuse(ledger) == refuse(ledger, reason="other")
    refuse(ledger, product="clv")
    assert [one.reasons for one in quarantined_batches(ledger, "churn")] == [[{"guardrail": "value_range"}]]
    assert [one.product for one in quarantined_batches(ledger)] == ["churn", "clv"]


def test_a_new_snapshot_supersedes_the_one_before(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    snapshot(ledger, "2")
    assert [(one.snapshot_id, one.state) for one in snapshots(ledger, "churn")] == [
        ("1", "superseded"),
        ("2", "published"),
    ]


def test_the_published_snapshot_again_changes_nothing(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    second = snapshot(ledger, "2")
    before = snapshots(ledger, "churn")
    assert snapshot(ledger, "2") == second
    assert snapshots(ledger, "churn") == before


def test_an_earlier_snapshot_that_is_published_again_is_the_published_one(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    snapshot(ledger, "2")
    again = snapshot(ledger, "1")
    assert (again.sequence, again.state) == (1, "published")
    assert current_snapshot(ledger, "churn") == again
    assert [one.state for one in snapshots(ledger, "churn")] == ["published", "superseded"]


def test_a_snapshot_that_was_rolled_back_can_be_published_again(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    snapshot(ledger, "2")
    roll_back_to(ledger, "churn", "1")
    assert snapshot(ledger, "2").state == "published"
    assert [one.state for one in snapshots(ledger, "churn")] == ["superseded", "published"]


def test_a_snapshot_id_for_another_as_of_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    snapshot(ledger, "2")
    with pytest.raises(RecordConflictError, match="churn 1"):
        snapshot(ledger, "1", as_of=AT + dt.timedelta(days=1))
    assert [one.state for one in snapshots(ledger, "churn")] == ["superseded", "published"]


def test_rolling_back_publishes_an_earlier_snapshot_again(ledger: Ledger) -> None:
    snapshot(ledger, "1")
    snapshot(ledger, "2")
    roll_back_to(ledger, "churn", "1")
    found = current_snapshot(ledger, "churn")
    assert found is not None
    assert found.snapshot_id == "1"
    assert [one.state for one in snapshots(ledger, "churn")] == ["published", "rolled_back"]
    with pytest.raises(UnknownRecordError, match="churn 9"):
        roll_back_to(ledger, "churn", "9")


def test_drains_go_on_where_the_last_one_ended(ledger: Ledger) -> None:
    drain(ledger, 1, "5-0")
    drain(ledger, 2, "9-0")
    assert drain(ledger, 1, "5-0") == 1
    found = last_drain(ledger, "s")
    assert found is not None
    assert (found.sequence, found.last_id) == (2, "9-0")


def test_a_drain_that_skips_or_contradicts_is_refused(ledger: Ledger) -> None:
    drain(ledger, 1, "5-0")
    with pytest.raises(RecordConflictError, match="2 comes next"):
        drain(ledger, 3, "9-0")
    with pytest.raises(RecordConflictError, match="ends at 5-0"):
        drain(ledger, 1, "6-0")
    assert last_drain(ledger, "other") is None
