"""Rollback in Dagster: the job's run names both releases, and the watch carries out what a killed one began."""

import signal
from collections.abc import Iterator, Mapping

import dagster as dg
import pytest

from platform_assets.ledger.releases import pointer_moves
from platform_assets.orchestration.rollback_job import ROLLBACK_JOB
from platform_assets.registry.rollback_plan import alone
from tests.integration.test_rollback_kills import victim_ends_with
from tests.integration.two_releases import PRODUCT, TwoReleases
from tests.unit.orchestration.small_code_location import code_location_of

ENDPOINT = dg.AssetKey([PRODUCT, "endpoint"])
NEW = (1, "first")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def definitions(two_releases: TwoReleases) -> dg.Definitions:
    return code_location_of(two_releases.settings)


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, config: Mapping[str, str]
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def(ROLLBACK_JOB).execute_in_process(
        instance=instance, run_config={"ops": {"roll_back": {"config": dict(config)}}}, raise_on_error=False
    )


def test_the_job_brings_a_product_back_and_its_run_names_both_releases(
    two_releases: TwoReleases, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    config = {"product": PRODUCT, "as_of": "2026-03-01T09:00Z", "reason": "scores jumped", "by": "ann"}
    result = run(definitions, instance, config)
    assert result.success
    assert two_releases.state == NEW

    first, second = two_releases.first.release_id, two_releases.second.release_id
    tags = instance.get_run_by_id(result.run_id).tags  # type: ignore[union-attr]
    assert (tags["platform/from_release"], tags["platform/to_release"]) == (second, first)
    event = instance.get_latest_materialization_event(ENDPOINT)
    assert event is not None
    materialization = event.asset_materialization
    assert materialization is not None
    told = {name: value.value for name, value in materialization.metadata.items()}
    assert (told["from_release"], told["to_release"], told["to_snapshot"]) == (second, first, "first")
    last = pointer_moves(two_releases.ledger, PRODUCT)[-1]
    assert (last.moved_by, last.reason) == ("ann", "scores jumped")


@pytest.mark.parametrize(
    "config",
    [
        {"product": PRODUCT, "reason": "why", "release": "0" * 16},
        {"product": PRODUCT, "reason": " ", "as_of": "2026-03-01T09:00Z"},
        {"product": PRODUCT, "reason": "why"},
        {"product": PRODUCT, "reason": "why", "as_of": "nine o'clock"},
    ],
)
def test_a_job_that_asks_for_what_cannot_be_fails_at_once_and_changes_nothing(
    two_releases: TwoReleases, definitions: dg.Definitions, instance: dg.DagsterInstance, config: dict[str, str]
) -> None:
    result = run(definitions, instance, config)
    assert not result.success
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert two_releases.state == (2, "second")


def test_the_watch_asks_for_the_rest_of_a_killed_rollback_and_not_while_one_is_at_work(
    two_releases: TwoReleases, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    watch = definitions.resolve_sensor_def("rollback_watch")

    def tick() -> list[dg.RunRequest]:
        with dg.build_sensor_context(instance=instance, definitions=definitions) as context:
            return list(watch.evaluate_tick(context).run_requests or [])

    assert tick() == []
    assert victim_ends_with(two_releases, "snapshot") == -signal.SIGKILL
    assert two_releases.state == (1, "second")
    with alone(two_releases.settings, PRODUCT):
        assert tick() == []
    (asked,) = tick()
    job = definitions.resolve_job_def(ROLLBACK_JOB)
    assert job.execute_in_process(instance=instance, run_config=asked.run_config).success
    assert two_releases.state == NEW
    assert pointer_moves(two_releases.ledger, PRODUCT)[-1].moved_by == "victim"
    assert tick() == []
