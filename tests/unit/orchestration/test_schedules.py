"""Schedules: nothing without a release, one run per as-of, and the due day of the business clock."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.definitions.schedule_definition import ScheduleExecutionData

from platform_assets.clock import ClockMode
from platform_assets.contract.datasets import DATASETS, Dataset
from platform_assets.orchestration.partitions import (
    as_of_days,
    first_as_of,
    prediction_key,
    read_prediction_key,
)
from platform_assets.orchestration.schedules import business_day, platform_schedules, product_schedules
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.orchestration.small_code_location import code_location_of
from tests.unit.serving.conftest import Publisher

Evaluate = Callable[[str, int], ScheduleExecutionData]


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("schedules"), fsync=False)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture
def evaluate(settings: Settings, instance: dg.DagsterInstance) -> Evaluate:
    """Return a function that gives the tick of a schedule at four o'clock of a day in March 2026."""
    definitions = code_location_of(settings)

    def tick(name: str, day: int) -> ScheduleExecutionData:
        context = dg.build_schedule_context(
            instance=instance,
            instance_ref=instance.get_ref(),
            repository_def=definitions.get_repository_def(),
            scheduled_execution_time=dt.datetime(2026, 3, day, 4, tzinfo=dt.UTC),
        )
        return definitions.resolve_schedule_def(name).evaluate_tick(context)

    return tick


def test_without_a_release_a_product_is_not_scored_and_the_reason_names_the_job(evaluate: Evaluate) -> None:
    data = evaluate("churn_score_weekly", 2)
    assert not data.run_requests
    assert "churn_train" in (data.skip_message or "")


def test_in_replay_mode_every_tick_asks_for_the_one_due_batch_under_one_key(
    evaluate: Evaluate, settings: Settings
) -> None:
    release = Publisher(settings.home).publish("churn", model_version=3)
    requests = [request for day in (2, 9) for request in evaluate("churn_score_weekly", day).run_requests or ()]
    assert len(requests) == 2
    assert {request.partition_key for request in requests} == {"2011-12-10|3"}
    assert len({request.run_key for request in requests}) == 1
    assert {request.tags["release_id"] for request in requests} == {release.release_id}


@pytest.mark.parametrize(("dataset", "due"), [("online_retail", "2011-12-10"), ("car_parks", "2016-12-19")])
def test_feature_views_are_built_for_the_due_day_under_one_key(evaluate: Evaluate, dataset: str, due: str) -> None:
    name = f"build_features_{dataset}_nightly"
    requests = [request for day in (2, 3) for request in evaluate(name, day).run_requests or ()]
    assert [request.partition_key for request in requests] == [due, due]
    assert len({request.run_key for request in requests}) == 1


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_the_due_day_is_the_last_partition_in_replay_mode(dataset: Dataset, settings: Settings) -> None:
    days = as_of_days(dataset.name, "replay").get_partition_keys()
    assert days[0] == first_as_of(dataset.name).isoformat()
    assert days[-1] == business_day(dataset, settings).isoformat()


def test_in_live_mode_the_day_that_has_begun_is_a_partition() -> None:
    now = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
    days = as_of_days("online_retail", "live").get_partition_keys(current_time=now)
    assert days[-1] == "2026-03-02"


@pytest.mark.parametrize(("mode", "status"), [("live", "RUNNING"), ("replay", "STOPPED")])
def test_schedules_run_by_themselves_in_live_mode_only(settings: Settings, mode: ClockMode, status: str) -> None:
    chosen = dataclasses.replace(settings, clock_mode=mode)
    products = discover_products()
    schedules = [
        *platform_schedules(chosen),
        *(each for product in products for each in product_schedules(product, chosen)),
    ]
    assert {schedule.default_status.value for schedule in schedules} == {status}
    assert "churn_sync_nightly" in {schedule.name for schedule in schedules}
    assert "clv_sync_nightly" not in {schedule.name for schedule in schedules}


def test_the_key_of_a_batch_is_read_back() -> None:
    day = dt.date(2011, 12, 10)
    assert read_prediction_key(prediction_key(day, 12)) == (day, 12)
    with pytest.raises(dg.DagsterInvariantViolationError):
        read_prediction_key("2011-12-10|12")
