"""Incidents in Dagster: a table, a check per product that turns red, and failed runs that become causes."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.inference.promotion_hold import read_holds
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.incidents import entries
from platform_assets.monitoring.incidents.draft import probable_cause
from platform_assets.orchestration.failed_runs import failed_runs_of
from platform_assets.orchestration.incident_assets import (
    INCIDENT_JOB,
    incident_assets,
    incident_check,
    incident_job,
    incident_sensor,
)
from platform_assets.settings import Settings
from tests.unit.monitoring.incident_samples import AT, HOUR, PRODUCT, look

CHECK = incident_check(PRODUCT.name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, fsync=False)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return open_ledger(settings.ledger_dsn)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@dg.op
def fail() -> None:
    message = "the disk is full"
    raise OSError(message)


@dg.job(name="churn_score")
def failing_score() -> None:
    fail()


@dg.job(name="clv_score")
def failing_other() -> None:
    fail()


def location(settings: Settings) -> dg.Definitions:
    return dg.Definitions(
        assets=incident_assets(settings, [PRODUCT]), jobs=[incident_job()], sensors=[incident_sensor(settings)]
    )


def refresh(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = location(settings).resolve_job_def(INCIDENT_JOB)
    return job.execute_in_process(instance=instance)


def check_of(result: dg.ExecuteInProcessResult) -> tuple[bool, str]:
    (found,) = [one for one in result.get_asset_check_evaluations() if one.check_name == CHECK]
    return found.passed, found.severity.value


def tick(settings: Settings, instance: dg.DagsterInstance, cursor: str | None) -> SensorExecutionData:
    definitions = location(settings)
    context = dg.build_sensor_context(
        instance=instance,
        repository_def=definitions.get_repository_def(),
        cursor=cursor,
    )
    return definitions.resolve_sensor_def("incidents_watch").evaluate_tick(context)


def test_without_incidents_the_table_is_empty_and_the_check_passes(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    result = refresh(settings, instance)
    assert check_of(result)[0]
    (made,) = result.asset_materializations_for_node("incidents")
    assert made.metadata["unresolved"].value == 0


def test_a_severe_incident_turns_the_check_of_its_product_red_and_holds_promotions(
    settings: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    look(ledger, "broken", AT, promise="sla_availability", subject="online")
    result = refresh(settings, instance)
    assert check_of(result) == (False, "ERROR")
    (made,) = result.asset_materializations_for_node("incidents")
    table = made.metadata["incidents"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(row.data["state"], row.data["severity"]) for row in table.records] == [("open", "severe")]
    assert [hold.incident_id for hold in read_holds(settings.releases_dir, PRODUCT.name)] == [1]


def test_a_major_incident_warns_and_a_minor_one_does_not(
    settings: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    look(ledger, "broken", AT, promise="guardrails")
    assert check_of(refresh(settings, instance))[0]
    look(ledger, "broken", AT)
    assert check_of(refresh(settings, instance)) == (False, "WARN")


def test_a_failed_run_of_the_product_becomes_the_probable_cause_once(
    settings: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    for job in (failing_score, failing_other):
        job.execute_in_process(instance=instance, raise_on_error=False)
    look(ledger, "broken", dt.datetime.now(dt.UTC) + HOUR)
    for _ in range(2):
        refresh(settings, instance)
    told = "run of churn_score failed: fail: OSError: the disk is full"
    assert probable_cause(ledger, 1) == told
    assert [entry.text for entry in entries(ledger, 1) if entry.kind == "event"] == [told]


def test_failed_runs_before_the_window_are_left_out(settings: Settings, instance: dg.DagsterInstance) -> None:
    failing_score.execute_in_process(instance=instance, raise_on_error=False)
    later = dt.datetime.now(dt.UTC) + HOUR
    assert failed_runs_of(instance, PRODUCT, since=later) == []
    assert len(failed_runs_of(instance, PRODUCT, since=AT)) == 1
    assert not settings.releases_dir.exists()


def test_the_sensor_asks_for_a_refresh_when_something_happened_and_not_for_its_own_entries(
    settings: Settings, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    first = tick(settings, instance, None)
    assert len(first.run_requests or ()) == 1
    assert not tick(settings, instance, first.cursor).run_requests
    look(ledger, "broken", dt.datetime.now(dt.UTC) + HOUR)
    opened = tick(settings, instance, first.cursor)
    assert len(opened.run_requests or ()) == 1
    failing_score.execute_in_process(instance=instance, raise_on_error=False)
    failed = tick(settings, instance, opened.cursor)
    assert len(failed.run_requests or ()) == 1
    refresh(settings, instance)
    assert not tick(settings, instance, failed.cursor).run_requests
