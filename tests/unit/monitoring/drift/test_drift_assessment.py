"""Batches, answers and the training set beside each other, and the table of what was found."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from platform_assets.lakehouse.read import read_table
from platform_assets.monitoring.drift.drawing import as_markdown, history_markdown
from platform_assets.monitoring.drift.history import keep_reports, past_drift
from tests.unit.batch.batch_home import AS_OF
from tests.unit.monitoring.drift.drift_home import CUSTOMERS, DAY, LIVE_AT, MOVED, DriftHome


@pytest.fixture
def home(tmp_path: Path) -> DriftHome:
    return DriftHome(tmp_path)


def test_before_anything_is_published_every_comparison_says_what_is_missing(home: DriftHome) -> None:
    found = home.assess()
    assert len(found) == 5
    assert {one.judged for one in found.values()} == {0}
    assert found["batch_from_training"].told == "no batch is published yet"
    assert not any(one.asks_for_retraining for one in found.values())
    assert keep_reports(home.settings, [*found.values()], at=LIVE_AT, run_id="r") == 0
    assert past_drift(home.settings, "churn") == []


def test_sound_batches_and_answers_are_judged_on_stored_and_on_demand_inputs_and_are_as_in_training(
    home: DriftHome,
) -> None:
    home.batch()
    home.answer()
    found = home.assess()
    batch = found["batch_from_training"]
    assert {one.name for one in batch.features} == set(home.product.model_inputs)
    assert not {"last_order_at", "first_order_at"} & {one.name for one in batch.features}
    assert (batch.rows, batch.reference_rows, batch.data_level) == (len(CUSTOMERS), 3000, "pass")
    assert batch.window == AS_OF.date()
    live = found["live_from_training"]
    assert (live.rows, live.data_level, live.score_level) == (400, "pass", "pass")
    assert live.window == LIVE_AT.date()
    assert found["live_from_batch"].drift_rate == 0.0


def test_inputs_that_moved_live_alone_give_the_rate_between_batch_and_live(home: DriftHome) -> None:
    home.batch()
    home.answer(shift=3.6)
    found = home.assess()
    assert found["batch_from_training"].data_level == "pass"
    report = found["live_from_batch"]
    assert [one.name for one in report.drifted] == [MOVED]
    assert report.drift_rate == pytest.approx(1 / report.judged)
    assert found["live_from_training"].data_level == "fail"
    assert found["live_from_training"].asks_for_retraining
    assert not report.asks_for_retraining


def test_a_batch_is_compared_with_those_before_it(home: DriftHome) -> None:
    home.batch(AS_OF - 2 * DAY)
    home.batch(AS_OF - DAY)
    home.batch(shift=2.5)
    found = home.assess()["batch_from_last"]
    assert found.reference_rows == 2 * len(CUSTOMERS)
    assert found.data_level in {"warn", "fail"}
    assert MOVED in {one.name for one in found.drifted}


def test_answers_of_the_week_before_are_what_answers_are_compared_with(home: DriftHome) -> None:
    home.answer(300, days_ago=9.0)
    home.answer(200, shift=4.0)
    found = home.assess()["live_from_last"]
    assert (found.rows, found.reference_rows, found.data_level) == (200, 300, "fail")


def test_a_training_set_or_inputs_that_are_gone_are_told(home: DriftHome) -> None:
    home.batch()
    home.training_set.unlink()
    found = home.assess()["batch_from_training"]
    assert (found.judged, found.told) == (0, "the training set of the release is not there any more")
    for path in (home.settings.lake_dir / "batch_inputs").rglob("*.parquet"):
        path.unlink()
    assert "cannot be read" in home.assess()["batch_from_training"].told


def test_a_season_leaves_the_inputs_of_a_batch_to_the_batches_at_the_same_place_in_it(home: DriftHome) -> None:
    home.batch(AS_OF - 7 * DAY, shift=2.0)
    home.batch(AS_OF - DAY)
    home.batch()
    guardrails = msgspec.structs.replace(home.product.guardrails, season_days=7)
    home.product = msgspec.structs.replace(home.product, guardrails=guardrails)
    found = home.assess()
    assert (found["batch_from_training"].judged, "season of 7 days" in found["batch_from_training"].told) == (0, True)
    assert found["batch_from_last"].reference_rows == len(CUSTOMERS)
    assert found["batch_from_last"].data_level != "pass"


def test_a_window_is_recorded_once_and_again_only_when_its_figures_changed(home: DriftHome) -> None:
    home.batch()
    home.answer(100)
    first = [*home.assess().values()]
    rows = keep_reports(home.settings, first, at=LIVE_AT, run_id="one")
    assert rows > 3 * 20
    assert keep_reports(home.settings, first, at=LIVE_AT, run_id="two") == 0
    home.answer(100, shift=4.0)
    second = [*home.assess().values()]
    assert 0 < keep_reports(home.settings, second, at=LIVE_AT, run_id="three") < rows
    live = past_drift(home.settings, "churn", comparison="live_from_batch")
    assert [(one.revision, one.drifted) for one in live] == [(2, (MOVED,))]
    assert [one.revision for one in past_drift(home.settings, "churn", comparison="batch_from_training")] == [1]


def test_several_runs_at_once_record_a_window_once(home: DriftHome) -> None:
    home.batch()
    reports = [one for one in home.assess().values() if one.judged]

    def keep(run: int) -> int:
        return keep_reports(home.settings, reports, at=LIVE_AT, run_id=f"run-{run}")

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(keep, range(4)))
    table = read_table(home.settings.lake_dir / "drift")
    assert table.num_rows == sum(kept)
    assert set(table.column("revision").to_pylist()) == {1}


def test_pictures_and_tables_show_what_drifted_and_what_was_before(home: DriftHome) -> None:
    home.batch()
    home.answer(shift=4.0)
    reports = home.assess()
    keep_reports(home.settings, [*reports.values()], at=LIVE_AT, run_id="one")
    shown = as_markdown(reports["live_from_training"])
    assert f"| {MOVED} | fail | the mean is" in shown
    assert shown.count("data:image/svg+xml;base64,") == 2
    history = history_markdown(past_drift(home.settings, "churn"))
    assert f"| {LIVE_AT.date()} | live_from_batch | 1 | 26 | 4% |" in history
    assert as_markdown(reports["live_from_last"])
