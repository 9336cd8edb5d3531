"""A withdrawn batch leaves consumers with the last good one before; nothing is deleted, nothing is withdrawn twice."""

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platform_assets.batch.published_view import current
from platform_assets.batch.withdrawal import Withdrawal, withdraw
from platform_assets.errors import AlreadyDecidedError, NothingBeforeError, UnknownRecordError
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.publications import publications
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home

DAY = dt.timedelta(days=1)
ANN = Mandate(by="ann", at=WALL, reason="scored from a broken file")


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    """Two as-of days, the second one in two revisions."""
    made = make_home(tmp_path)
    made.run(AS_OF - 9 * DAY, run_id="run-1")
    made.run(run_id="run-2")
    made.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=AS_OF - DAY, known_at=AS_OF - DAY / 2)
    made.run(run_id="run-3")
    return made


def take_back(home: BatchHome, number: int | None = None, by: str = "ann") -> Withdrawal:
    word = Mandate(by=by, at=WALL, reason=ANN.reason)
    return withdraw(home.ledger, home.product, AS_OF.date(), word, publication_id=number)


def shown(home: BatchHome) -> tuple[str, int]:
    found = current(home.ledger, home.product)
    return found.as_of, found.revision


def states(home: BatchHome) -> Sequence[str]:
    return [one.state for one in publications(home.ledger, "churn")]


def test_consumers_get_the_revision_before_and_no_row_is_deleted(home: BatchHome) -> None:
    rows = read_table(home.settings.predictions_dir / "churn").num_rows
    done = take_back(home)
    assert (done.gone.revision, done.shown.revision, done.decision.mandate) == (2, 1, ANN)
    assert shown(home) == ("2011-12-10", 1)
    assert states(home) == ["published", "published", "withdrawn"]
    assert read_table(home.settings.predictions_dir / "churn").num_rows == rows


def test_the_same_command_again_does_not_take_back_the_batch_before(home: BatchHome) -> None:
    take_back(home)
    with pytest.raises(AlreadyDecidedError, match="withdrawn by ann"):
        take_back(home, by="bob")
    assert shown(home) == ("2011-12-10", 1)


def test_the_batch_before_is_taken_back_by_its_number_and_then_the_day_before_is_shown(home: BatchHome) -> None:
    before = take_back(home).shown
    assert take_back(home, before.publication_id).shown.as_of == "2011-12-01"
    with pytest.raises(AlreadyDecidedError):
        take_back(home, before.publication_id)
    with pytest.raises(AlreadyDecidedError):
        take_back(home)
    assert shown(home) == ("2011-12-01", 1)


def test_of_people_who_withdraw_at_once_one_batch_goes(home: BatchHome) -> None:
    def attempt(number: int) -> bool:
        try:
            take_back(home, by=f"person {number}")
        except AlreadyDecidedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    assert states(home).count("withdrawn") == len(decisions(home.ledger, "publication")) == 1


def test_the_only_batch_left_is_not_withdrawn(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    home.run()
    with pytest.raises(NothingBeforeError, match="consumers always read one"):
        take_back(home)
    assert (states(home), decisions(home.ledger, "publication")) == (["published"], [])


def test_a_batch_that_was_withdrawn_stays_so_when_it_is_scored_again(home: BatchHome) -> None:
    take_back(home)
    home.run(run_id="run-4")
    assert shown(home) == ("2011-12-10", 1)


def test_a_day_or_a_number_without_a_batch_is_unknown(home: BatchHome) -> None:
    with pytest.raises(UnknownRecordError, match="as of 1999-01-01"):
        withdraw(home.ledger, home.product, dt.date(1999, 1, 1), ANN)
    with pytest.raises(UnknownRecordError, match="number 99"):
        take_back(home, 99)
