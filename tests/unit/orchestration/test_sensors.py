"""Sensors: a moved release reaches batch and endpoint once per move; all of them run."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.orchestration.promises import freshness_result
from platform_assets.settings import Settings
from tests.unit.orchestration.small_code_location import code_location_of
from tests.unit.serving.conftest import Publisher


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("sensors"), fsync=False)


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> dg.Definitions:
    return code_location_of(settings)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def tick(
    definitions: dg.Definitions, instance: dg.DagsterInstance, sensor: str, cursor: str | None
) -> SensorExecutionData:
    context = dg.build_sensor_context(
        instance=instance,
        instance_ref=instance.get_ref(),
        repository_def=definitions.get_repository_def(),
        cursor=cursor,
    )
    return definitions.resolve_sensor_def(sensor).evaluate_tick(context)


def asked(data: SensorExecutionData) -> list[tuple[str | None, str | None]]:
    return [(request.job_name, request.partition_key) for request in data.run_requests or ()]


def test_each_move_of_the_release_asks_for_batch_and_deployment_once_also_back(
    definitions: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    assert not tick(definitions, instance, "churn_release", None).run_requests
    publisher = Publisher(settings.home)
    first = publisher.publish("churn", model_version=1)
    one = tick(definitions, instance, "churn_release", None)
    assert asked(one) == [("churn_score", "2011-12-10|1"), ("churn_deploy", None)]
    assert not tick(definitions, instance, "churn_release", one.cursor).run_requests
    publisher.publish("churn", model_version=2)
    two = tick(definitions, instance, "churn_release", one.cursor)
    assert asked(two) == [("churn_score", "2011-12-10|2"), ("churn_deploy", None)]
    publisher.point_at("churn", first.release_id)
    back = tick(definitions, instance, "churn_release", two.cursor)
    assert asked(back) == asked(one)
    keys = [request.run_key for data in (one, two, back) for request in data.run_requests or ()]
    assert len(set(keys)) == 6


def test_a_new_version_becomes_a_partition(
    definitions: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    Publisher(settings.home).publish("parking_demand", model_version=4)
    data = tick(definitions, instance, "parking_demand_release", None)
    (request,) = data.dynamic_partitions_requests or ()
    assert (request.partitions_def_name, list(request.partition_keys)) == ("parking_demand_model_versions", ["4"])


def test_publishing_old_content_again_does_not_pass_for_fresh() -> None:
    assert freshness_result(age_hours=24.0, max_age_hours=24.0).passed
    assert not freshness_result(age_hours=24.1, max_age_hours=24.0).passed
    assert not freshness_result(age_hours=1.0, max_age_hours=24.0, is_stale=True).passed


def test_sensors_run_without_being_switched_on(definitions: dg.Definitions, tmp_path: Path) -> None:
    assert tmp_path.is_dir()
    for sensor in definitions.sensors or ():
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING, sensor.name
