"""The run of a batch fails: readers keep the last good one, its owner is told why, and the next good run heals it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.clock import wall_now
from platform_assets.contract import names
from platform_assets.definitions import build_definitions
from platform_assets.errors import RunFailedError
from platform_assets.ledger.publications import current_publication
from platform_assets.monitoring.incidents.draft import probable_cause
from platform_assets.orchestration.execution import open_instance, run_job
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.orchestration.promise_watch import promise_sensor
from platform_assets.orchestration.promises import FRESHNESS_CHECK
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.published.rows import published_path
from platform_assets.settings import Settings
from tests.story.promise_watch_home import Readers, WatchedHome, copied_home

OWNER = "customer-intelligence@example.com"
SCORE = names.job_name("churn", "score")


@pytest.fixture
def home(settings: Settings, online_store: Settings, told: Readers) -> WatchedHome:
    """Give a platform whose business time stands still at the end of the data, while its runs happen now."""
    copy = copied_home(settings, online_store, "churn", told)
    return replace(copy, settings=replace(copy.settings, clock_mode="replay"))


@pytest.fixture
def instance(home: WatchedHome) -> Iterator[dg.DagsterInstance]:
    with open_instance(prepare_dagster_home(home.settings)) as made:
        yield made


def look(home: WatchedHome, instance: dg.DagsterInstance) -> bool:
    """Let both sensors do their work, as the daemon does; return whether the check of the published asset passes."""
    sensor = promise_sensor(home.settings, [home.product])
    for event in sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).asset_events:
        assert isinstance(event, dg.AssetCheckEvaluation)
        instance.report_runless_asset_event(event)
    home.send(wall_now())
    key = dg.AssetCheckKey(dg.AssetKey(names.asset_key("churn", "published_predictions")), FRESHNESS_CHECK)
    record = instance.get_latest_asset_check_evaluation_record(key)
    told = record.evaluation if record else None
    assert isinstance(told, dg.AssetCheckEvaluation)
    return told.passed


def cut_short(path: Path) -> bytes:
    """Leave the first half of a file, as a disk does that was full when it was copied; return what it was."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


def test_a_failed_run_leaves_the_last_good_batch_tells_its_owner_why_and_is_healed_by_the_next(
    home: WatchedHome, instance: dg.DagsterInstance
) -> None:
    definitions = build_definitions(home.settings, [home.product])
    before = current_publication(home.ledger, "churn")
    assert before is not None
    partition = prediction_key(dt.date.fromisoformat(before.as_of), before.model_version)
    shown, orders = published_path(home.settings, "churn"), home.settings.staging_dir / "orders.parquet"
    content = shown.read_bytes()

    whole = cut_short(orders)
    with pytest.raises(RunFailedError, match=r"orders\.parquet"):
        run_job(definitions, instance, SCORE, partition_key=partition)

    assert shown.read_bytes() == content
    assert current_publication(home.ledger, "churn") == before
    assert not look(home, instance)
    incident = home.incident("runs")
    assert (incident.state, incident.owner) == ("open", "customer-intelligence")
    assert "read the last good batch" in incident.fallback
    cause = probable_cause(home.ledger, incident.incident_id)
    assert cause is not None
    assert "orders.parquet" in cause
    (posted,) = home.readers.posted("runs")
    assert posted.links["incident"] == f"platform incidents show {incident.incident_id}"
    (mail,) = home.readers.mailed(OWNER)
    assert "orders.parquet" in mail

    orders.write_bytes(whole)
    run_job(definitions, instance, SCORE, partition_key=partition)

    look(home, instance)
    assert home.incident("runs").state == "recovered"
    assert len(home.readers.posted("runs", is_recovery=True)) == 1
    assert "RECOVERED" in home.readers.mailed(OWNER)[-1]
