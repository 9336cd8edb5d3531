"""The watch of promises in Dagster: what is broken turns its node red, what holds again green, each once."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import msgspec
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.batch.published_view import write_published_view
from platform_assets.clock import wall_now
from platform_assets.ledger.incidents import incidents
from platform_assets.ledger.promises import promise_changes, promise_standings
from platform_assets.orchestration.promise_watch import promise_sensor
from platform_assets.orchestration.promises import FRESHNESS_CHECK
from platform_assets.orchestration.run_outcomes import hand_made_runs, outcomes_of
from platform_assets.orchestration.scoring_assets import scoring_assets
from tests.unit.batch.batch_home import AS_OF, BatchHome, make_home

PUBLISHED = dg.AssetKey(["churn", "published_predictions"])
CHECK = dg.AssetCheckKey(PUBLISHED, FRESHNESS_CHECK)
DAY = dt.timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    made = make_home(tmp_path)
    # Served by nobody here: what is watched is the batch.
    return replace(made, product=msgspec.structs.replace(made.product, online=None))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("churn_model_versions", ["1"])
        yield made


def tick(home: BatchHome, instance: dg.DagsterInstance) -> list[dg.AssetCheckEvaluation]:
    """Let the sensor look once, and report what it found as the daemon does."""
    data: SensorExecutionData = promise_sensor(home.settings, [home.product]).evaluate_tick(
        dg.build_sensor_context(instance=instance)
    )
    events = [event for event in data.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
    for event in events:
        instance.report_runless_asset_event(event)
    return events


def publish(home: BatchHome, instance: dg.DagsterInstance, as_of: dt.datetime) -> None:
    home.run(as_of, run_id=f"run-{as_of.date()}")
    materialize(home, instance)


def materialize(home: BatchHome, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materialize what consumers read, as a person does in the UI."""
    job = dg.Definitions(assets=scoring_assets(home.product, home.settings)).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(asset_selection=[PUBLISHED], instance=instance, raise_on_error=False)


def test_a_stale_product_turns_red_once_and_green_once_it_is_fresh_again(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    home.run(AS_OF)
    home.run(AS_OF - 9 * DAY)
    write_published_view(home.settings, home.product, at=wall_now())
    assert tick(home, instance) == []
    stale = replace(home.settings, clock_mode="live")
    (red,) = tick(replace(home, settings=stale), instance)
    assert (red.asset_key, red.check_name, red.passed) == (PUBLISHED, FRESHNESS_CHECK, False)
    assert red.severity is dg.AssetCheckSeverity.ERROR
    assert "data_age broken" in (red.description or "")
    assert tick(replace(home, settings=stale), instance) == []
    (green,) = tick(home, instance)
    assert (green.passed, green.description) == (True, "every promise is kept")
    assert tick(home, instance) == []
    assert {one.state for one in incidents(home.ledger, "churn")} == {"recovered"}


def test_what_a_materialization_paints_green_is_red_again_while_a_promise_is_broken(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    publish(home, instance, AS_OF - 2 * DAY)
    home.release(model_version=2, constant=1.5)
    assert home.run(AS_OF, version=2, run_id="refused").published is None
    (red,) = tick(home, instance)
    assert (red.passed, "guardrails broken" in (red.description or "")) == (False, True)
    materialize(home, instance)
    record = instance.get_latest_asset_check_evaluation_record(CHECK)
    assert record is not None
    assert record.evaluation is not None
    assert record.evaluation.passed
    (again,) = tick(home, instance)
    assert not again.passed


def test_a_product_that_was_never_published_turns_red_after_its_grace(
    home: BatchHome, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = wall_now()
    told = []
    for hours in (0, 23, 25):
        later = now + dt.timedelta(hours=hours)
        monkeypatch.setattr("platform_assets.orchestration.promise_watch.wall_now", lambda later=later: later)
        told.append([event.passed for event in tick(home, instance)])
    assert told == [[], [], [False]]


def test_a_publication_that_does_not_reach_the_file_makes_nothing_fresh(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    home.run(AS_OF - 9 * DAY)
    write_published_view(home.settings, home.product, at=wall_now())
    home.run(AS_OF)
    (red,) = tick(home, instance)
    assert "the published file still shows the batch before" in (red.description or "")
    write_published_view(home.settings, home.product, at=wall_now())
    (green,) = tick(home, instance)
    assert green.passed


def test_a_failed_run_breaks_a_promise_and_the_next_good_one_heals_it(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    home.run()
    table = home.settings.predictions_dir / "churn"
    table.rename(table.with_name("away"))
    assert not materialize(home, instance).success
    table.rmdir()  # the lock of the publisher
    (outcome,) = outcomes_of(instance, home.product, hand_made_runs(instance))
    assert (outcome.mode, outcome.is_success) == ("batch", False)
    tick(home, instance)
    table.with_name("away").rename(table)
    assert materialize(home, instance).success
    tick(home, instance)
    changes = [one for one in promise_changes(home.ledger, "churn") if one.promise == "runs"]
    assert [(one.subject, one.after) for one in changes] == [("batch", "broken"), ("batch", "kept")]
    standings = {one.promise: one.state for one in promise_standings(home.ledger, "churn")}
    assert standings["runs"] == "kept"
