"""A person decides once about a refused batch: publish exactly it, or drop it."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from platform_assets.batch import publication
from platform_assets.batch.published_view import current, read_published
from platform_assets.batch.quarantine_decisions import (
    DROPPED_ROWS_KEPT,
    drop_quarantined,
    expired_rows,
    find_quarantined,
    quarantined_at_path,
    release_quarantined,
    state_of,
)
from platform_assets.errors import AlreadyDecidedError, QuarantineDamagedError, UnknownRecordError
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.publications import publications
from platform_assets.ledger.quarantined import QuarantineRecord, quarantined_batches
from tests.unit.batch.batch_home import CUSTOMERS, WALL, BatchHome, facts, make_home

ANN = Mandate(by="ann", at=WALL, reason="the shop was closed that week")
BOB = Mandate(by="bob", at=WALL, reason="looks wrong")


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return make_home(tmp_path)


def refused(home: BatchHome) -> QuarantineRecord:
    """Let a batch be refused for having too few rows."""
    strict = msgspec.structs.replace(home.product.guardrails, min_rows=len(CUSTOMERS) + 1)
    outcome = BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=strict)).run()
    assert outcome.published is None
    return quarantined_batches(home.ledger)[-1]


def release(home: BatchHome, batch: QuarantineRecord, word: Mandate = ANN) -> int:
    return release_quarantined(
        home.settings, home.ledger, home.product, batch, word, facts("by-hand")
    ).published.record.revision


def test_a_released_batch_is_published_row_for_row_as_a_new_revision_with_its_reason(home: BatchHome) -> None:
    batch = refused(home)
    rows = pq.ParquetFile(quarantined_at_path(home.settings, batch) / "rows.parquet").read().sort_by("row_key")
    assert release(home, batch) == 1

    shown = read_published(home.settings, home.product).sort_by("row_key")
    assert shown.select(rows.column_names).equals(rows)
    (made,) = decisions(home.ledger, "quarantined_batch", str(batch.quarantine_id))
    assert (made.verdict, made.mandate) == ("released", ANN)
    assert made.evidence["reasons"] == batch.reasons
    assert made.evidence["publication_id"] == current(home.ledger, home.product).publication_id
    assert current(home.ledger, home.product).run_id == "by-hand"
    assert state_of(home.ledger, batch) == ("released", made)


def test_a_second_decision_of_either_kind_is_refused_and_changes_nothing(home: BatchHome) -> None:
    batch = refused(home)
    release(home, batch)
    with pytest.raises(AlreadyDecidedError, match=r"released by ann .*the shop was closed"):
        release(home, batch, BOB)
    with pytest.raises(AlreadyDecidedError, match="released by ann"):
        drop_quarantined(home.ledger, batch, BOB)
    assert len(publications(home.ledger, "churn")) == 1
    assert len(decisions(home.ledger, "quarantined_batch")) == 1


def test_a_dropped_batch_is_never_published(home: BatchHome) -> None:
    batch = refused(home)
    made = drop_quarantined(home.ledger, batch, BOB)
    assert state_of(home.ledger, batch) == ("dropped", made)
    with pytest.raises(AlreadyDecidedError, match="dropped by bob"):
        release(home, batch)
    assert publications(home.ledger, "churn") == []


def test_of_people_who_decide_at_once_one_wins_and_the_batch_is_there_once(home: BatchHome) -> None:
    batch = refused(home)

    def decide(number: int) -> bool:
        try:
            release(home, batch) if number % 2 else drop_quarantined(home.ledger, batch, BOB)
        except AlreadyDecidedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(6))) == 1
    (made,) = decisions(home.ledger, "quarantined_batch")
    assert len(publications(home.ledger, "churn")) == (made.verdict == "released")
    table = home.settings.predictions_dir / "churn"
    if made.verdict == "released":
        assert read_table(table).num_rows == len(CUSTOMERS)


def test_a_release_killed_after_its_commit_is_recorded_by_the_next_attempt(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    batch = refused(home)
    with monkeypatch.context() as patched:
        patched.setattr(publication, "record_publication", die)
        with pytest.raises(Killed):
            release(home, batch)
    assert (publications(home.ledger, "churn"), decisions(home.ledger, "quarantined_batch")) == ([], [])
    assert release(home, batch) == 1
    assert read_table(home.settings.predictions_dir / "churn").num_rows == len(CUSTOMERS)
    assert len(decisions(home.ledger, "quarantined_batch")) == 1


def test_a_batch_whose_rows_were_changed_or_are_gone_is_not_published(home: BatchHome) -> None:
    batch = refused(home)
    path = quarantined_at_path(home.settings, batch) / "rows.parquet"
    rows = pq.ParquetFile(path).read()
    better = pc.add(rows.column("score"), 0.1)
    pq.write_table(rows.set_column(rows.column_names.index("score"), "score", better), path)
    with pytest.raises(QuarantineDamagedError, match="not those that were refused"):
        release(home, batch)
    path.write_bytes(b"PAR1")
    with pytest.raises(QuarantineDamagedError, match="cannot be read"):
        release(home, batch)
    path.unlink()
    with pytest.raises(QuarantineDamagedError, match="cannot be read"):
        release(home, batch)
    assert (publications(home.ledger, "churn"), state_of(home.ledger, batch)) == ([], ("waiting", None))


def test_a_batch_that_passed_a_later_run_is_not_dropped(home: BatchHome) -> None:
    batch = refused(home)
    home.run(run_id="run-2")
    assert state_of(home.ledger, batch) == ("released", None)
    with pytest.raises(AlreadyDecidedError, match="published by run run-2"):
        drop_quarantined(home.ledger, batch, BOB)


def test_an_unknown_number_is_refused_with_what_to_do(home: BatchHome) -> None:
    with pytest.raises(UnknownRecordError, match="platform quarantine list"):
        find_quarantined(home.ledger, 99)


def test_the_rows_of_a_dropped_batch_may_go_after_thirty_days(home: BatchHome) -> None:
    batch = refused(home)
    drop_quarantined(home.ledger, batch, BOB)
    before, after = WALL + DROPPED_ROWS_KEPT - dt.timedelta(seconds=1), WALL + DROPPED_ROWS_KEPT
    assert expired_rows(home.settings, home.ledger, now=before) == []
    assert expired_rows(home.settings, home.ledger, now=after) == [
        quarantined_at_path(home.settings, batch) / "rows.parquet"
    ]
