"""Outcomes are joined once to what was predicted, when their window is over: batches and answers alike."""

import datetime as dt
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.evaluation import Label
from platform_assets.errors import NotMaterializedError
from platform_assets.lakehouse.read import table_version
from platform_assets.ledger.publications import current_publication, withdraw_publication
from platform_assets.monitoring.outcomes.sample import is_sampled
from platform_assets.monitoring.outcomes.table import append_outcomes, next_commit, outcomes_dir
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL
from tests.unit.monitoring.outcomes.outcome_home import DAY, KNOWN, OutcomeHome, answer, outcome_home

JOIN = "platform_assets.monitoring.outcomes.join"


@pytest.fixture
def home(tmp_path: Path) -> OutcomeHome:
    made = outcome_home(tmp_path)
    made.come_back(["11", "c1"])
    return made


def test_a_row_says_what_was_predicted_what_came_true_and_when_that_was_known(home: OutcomeHome) -> None:
    home.log([answer(1, variant="candidate", experiment_id="trial", score=0.75, release_id="r7")])
    joined = home.join()
    assert (joined.rows, joined.online, joined.batch, joined.unlabelled, joined.waiting) == (1, 1, 0, 0, 0)
    (row,) = home.outcomes().to_pylist()
    assert row["prediction_id"] == "churn-20111210-o-1"
    assert (row["mode"], row["release_id"], row["variant"]) == ("online", "r7", "candidate")
    assert (row["entity_id"], row["row_key"], row["fallback"]) == ("c1", "c1", "none")
    assert (row["score"], row["label"], row["truth"]) == (0.75, "likely_to_churn", 0.0)
    assert (row["is_right"], row["error"], row["value"]) == (False, 0.75, None)
    assert (row["known_at"], row["joined_until"], row["joined_at"]) == (KNOWN, KNOWN, WALL + DAY)
    assert row["sample_share"] == 1.0


def test_what_consumers_read_of_a_batch_is_joined_row_by_row(home: OutcomeHome) -> None:
    home.home.run()
    assert home.join(KNOWN - DAY).waiting == len(CUSTOMERS), "nobody can tell yet"
    joined = home.join()
    assert (joined.batch, joined.online, joined.waiting) == (len(CUSTOMERS), 0, 0)
    rows = home.outcomes().to_pylist()
    assert {row["entity_id"]: row["truth"] for row in rows} == {"11": 0.0, "12": 1.0, "13": 1.0, "14": 1.0, "15": 1.0}
    assert {row["mode"] for row in rows} == {"batch"}
    assert {row["is_right"] for row in rows} == {True, False}
    assert {row["known_at"] for row in rows} == {KNOWN}


def test_repeated_runs_add_nothing_and_write_nothing(home: OutcomeHome) -> None:
    home.home.run()
    home.log(answer(number) for number in range(20))
    assert home.join().rows == 20 + len(CUSTOMERS)
    before = table_version(outcomes_dir(home.settings))
    assert home.join().rows == home.join(KNOWN + 3 * DAY, at=WALL + 4 * DAY).rows == 0
    assert table_version(outcomes_dir(home.settings)) == before
    assert home.outcomes().num_rows == 20 + len(CUSTOMERS)


def test_an_answer_is_joined_on_the_day_on_which_its_own_window_is_over(home: OutcomeHome) -> None:
    home.log([answer(1), answer(2, event_at=AS_OF + 2 * DAY)])
    assert (home.join().rows, home.join().waiting) == (1, 1)
    assert home.join(KNOWN + DAY).rows == 0
    assert (home.join(KNOWN + 2 * DAY).rows, home.outcomes().num_rows) == (1, 2)


def test_what_nobody_observed_is_counted_and_looked_at_again_until_it_is(home: OutcomeHome) -> None:
    seen = Label(sql="select row_id, null::double as label from examples", horizon_hours=24, description="")
    blind = OutcomeHome(replace(home.home, product=msgspec.structs.replace(home.product, label=seen)))
    blind.log([answer(1), answer(2)])
    told = blind.join()
    assert (told.rows, told.unlabelled, told.unlabelled_share) == (0, 2, 1.0)
    sighted = msgspec.structs.replace(seen, sql="select row_id, 1.0 as label from examples where customer_id = 'c2'")
    later = OutcomeHome(replace(home.home, product=msgspec.structs.replace(home.product, label=sighted)))
    told = later.join(KNOWN + DAY, at=WALL + 2 * DAY)
    assert (told.rows, told.unlabelled) == (1, 1)
    assert later.join(KNOWN + 100 * DAY, at=WALL + 100 * DAY).unlabelled == 1, "it was not looked at for long"
    assert later.join(KNOWN + 140 * DAY, at=WALL + 140 * DAY).unlabelled == 0, "it is not expected any more"


def test_an_answer_of_a_past_instant_that_was_given_lately_is_looked_at_however_old_its_event(
    home: OutcomeHome,
) -> None:
    home.join(KNOWN + 300 * DAY, at=WALL)
    home.log([answer(1, predicted_at=WALL + DAY)])
    assert home.join(KNOWN + 300 * DAY, at=WALL + 2 * DAY).rows == 1


def test_a_table_that_was_deleted_is_joined_anew(home: OutcomeHome) -> None:
    home.log([answer(1)])
    assert home.join().rows == 1
    home.join(KNOWN + 300 * DAY, at=WALL + 300 * DAY)
    shutil.rmtree(outcomes_dir(home.settings))
    assert home.join(KNOWN + 300 * DAY, at=WALL + 301 * DAY).rows == 1


def test_a_batch_that_was_withdrawn_is_not_judged(home: OutcomeHome) -> None:
    home.home.run()
    shown = current_publication(home.ledger, "churn")
    assert shown is not None
    withdraw_publication(home.ledger, shown.publication_id)
    assert home.join().rows == 0


def test_two_at_once_join_each_prediction_once(home: OutcomeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    home.log(answer(number) for number in range(200))
    both = threading.Barrier(2, timeout=30)

    def together(*arguments: object) -> int:
        number = next_commit(*arguments)  # type: ignore[arg-type]  # whatever it is called with
        if number == 1 and not both.broken:
            both.wait()  # both have taken the first number
        return number

    monkeypatch.setattr(f"{JOIN}.next_commit", together)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(home.join().rows)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 200]
    ids = home.outcomes().column("prediction_id").to_pylist()
    assert (len(ids), len(set(ids))) == (200, 200)


def test_a_run_that_dies_between_two_commits_leaves_whole_ones_and_the_next_does_the_rest(
    home: OutcomeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.monitoring.outcomes.predictions.PART_ROWS", 1)
    home.home.run()
    home.log([answer(1), answer(2, predicted_at=WALL + DAY)])
    calls: list[int] = []

    def dying(*arguments: object, **facts: object) -> bool:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return append_outcomes(*arguments, **facts)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(f"{JOIN}.append_outcomes", dying)
    with pytest.raises(KeyboardInterrupt):
        home.join()
    assert home.outcomes().num_rows == len(CUSTOMERS) + 1
    monkeypatch.setattr(f"{JOIN}.append_outcomes", append_outcomes)
    assert home.join().rows == 1
    assert len(set(home.outcomes().column("prediction_id").to_pylist())) == len(CUSTOMERS) + 2


def test_a_declared_share_is_the_same_predictions_everywhere_and_part_of_a_larger_one(home: OutcomeHome) -> None:
    home.log(answer(number) for number in range(400))
    tenth = OutcomeHome(replace(home.home, settings=replace(home.settings, outcome_percent=10)))
    joined = tenth.join()
    assert (joined.percent, joined.unlabelled) == (10, 0)
    assert 20 < joined.rows < 65
    ids = set(home.outcomes().column("prediction_id").to_pylist())
    assert ids == {f"churn-20111210-o-{n}" for n in range(400) if is_sampled(f"churn-20111210-o-{n}", 10)}
    assert home.outcomes().column("sample_share").unique().to_pylist() == [0.1]
    assert home.join(at=WALL + 400 * DAY).rows == 400 - joined.rows, "a larger share begins from the beginning"


def test_the_value_that_a_prediction_brought_is_joined_when_both_windows_are_over(home: OutcomeHome) -> None:
    spent = Label(sql="select row_id, 12.5 as label from examples", horizon_hours=100 * 24, description="")
    assert home.product.online is not None
    online = msgspec.structs.replace(home.product.online, value=spent)
    valued = OutcomeHome(replace(home.home, product=msgspec.structs.replace(home.product, online=online)))
    valued.log([answer(1)])
    assert (valued.join().rows, valued.join().waiting) == (0, 1)
    assert valued.join(AS_OF + 100 * DAY).rows == 1
    assert valued.outcomes().column("value").to_pylist() == [12.5]


def test_an_answer_without_a_label_is_neither_right_nor_wrong(home: OutcomeHome) -> None:
    home.log([answer(1, score=None, label=None, fallback="skip_action", reason="engine_error", is_valid=False)])
    home.join()
    (row,) = home.outcomes().to_pylist()
    assert (row["is_right"], row["error"], row["truth"], row["fallback"]) == (None, None, 0.0, "skip_action")


def test_nothing_predicted_is_nothing_joined(home: OutcomeHome) -> None:
    joined = home.join()
    assert (joined.rows, joined.unlabelled, joined.waiting, joined.unlabelled_share) == (0, 0, 0, None)
    assert home.outcomes().num_rows == 0


def test_without_staging_files_what_is_due_stays_due(home: OutcomeHome) -> None:
    home.log([answer(1)])
    orders = home.settings.staging_dir / "orders.parquet"
    content = orders.read_bytes()
    orders.unlink()
    with pytest.raises(NotMaterializedError, match="group staging"):
        home.join()
    orders.write_bytes(content)
    assert home.join(at=WALL + dt.timedelta(hours=1)).rows == 1
