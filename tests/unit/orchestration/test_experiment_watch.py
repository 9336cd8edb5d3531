"""The watch of experiments: it looks at a running one whenever more of it is known, and at nothing else."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.orchestration.experiment_assets import (
    HARM_CHECK,
    SPLIT_CHECK,
    experiment_assets,
    experiment_sensor,
)
from platform_assets.orchestration.jobs import product_jobs
from platform_assets.rollouts.experiments import stop
from tests.unit.monitoring.experiment_logs import ExperimentHome, answer, experiment_home, pointers_of
from tests.unit.rollouts.experiment_samples import PRODUCT, word


@pytest.fixture
def home(tmp_path: Path) -> ExperimentHome:
    return experiment_home(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def tick(home: ExperimentHome, instance: dg.DagsterInstance) -> SensorExecutionData:
    definitions = dg.Definitions(
        assets=experiment_assets(home.product, home.settings),
        jobs=[job for job in product_jobs(home.product) if job.name == "churn_experiment"],
        sensors=[experiment_sensor(home.product, home.settings)],
    )
    context = dg.build_sensor_context(
        instance=instance, instance_ref=instance.get_ref(), repository_def=definitions.get_repository_def()
    )
    return definitions.resolve_sensor_def("churn_experiment_watch").evaluate_tick(context)


def run_keys(data: SensorExecutionData) -> list[str | None]:
    return [request.run_key for request in data.run_requests or ()]


def test_a_running_experiment_is_looked_at_again_when_more_was_drained(
    home: ExperimentHome, instance: dg.DagsterInstance
) -> None:
    first, again = tick(home, instance), tick(home, instance)
    assert run_keys(first) == run_keys(again), "the same run key is one run"
    (request,) = first.run_requests or ()
    assert request.partition_key == "newer-model"
    (added,) = first.dynamic_partitions_requests or ()
    assert added.partition_keys == ["newer-model"]
    home.log([answer(1, "control")])
    assert run_keys(tick(home, instance)) != run_keys(first)


def test_a_stopped_experiment_is_left_alone(home: ExperimentHome, instance: dg.DagsterInstance) -> None:
    stop(pointers_of(home.settings), PRODUCT, "newer-model", word())
    data = tick(home, instance)
    assert not data.run_requests
    assert data.skip_message == "no experiment is running"


def test_a_look_shows_split_and_harm_as_checks_and_draws_each_interval(
    home: ExperimentHome, instance: dg.DagsterInstance
) -> None:
    home.log(answer(number, "treatment" if number % 4 == 0 else "control") for number in range(800))
    home.orders({"c1": 5.0})
    instance.add_dynamic_partitions("churn_experiments", ["newer-model"])
    result = dg.materialize(
        experiment_assets(home.product, home.settings), partition_key="newer-model", instance=instance
    )
    found = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert found == {SPLIT_CHECK: False, HARM_CHECK: True}
    (event,) = result.asset_materializations_for_node("churn__experiments")
    assert str(event.metadata["split"].value).startswith("SAMPLE RATIO MISMATCH")
    assert "●" in str(event.metadata["verdicts"].value)
    assert (event.metadata["control/units"].value, event.metadata["treatment/units"].value) == (600, 200)
