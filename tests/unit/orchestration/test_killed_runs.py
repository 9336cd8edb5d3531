"""A run whose process was killed neither holds its place in a pool nor stays unfinished for ever."""

from pathlib import Path

import dagster as dg

from platform_assets.orchestration.execution import end_killed_runs, open_instance
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.settings import Settings

POOL = "duckdb"


def test_the_run_of_a_killed_demo_is_failed_and_its_place_in_the_pool_is_free(tmp_path: Path) -> None:
    with open_instance(prepare_dagster_home(Settings(home=tmp_path))) as instance:
        run = instance.create_run_for_job(
            dg.GraphDefinition(name="killed").to_job(), tags={"platform/executed_by": "demo"}
        )
        storage = instance.event_log_storage
        storage.set_concurrency_slots(POOL, 1)
        assert storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed

        ended = end_killed_runs(instance)

        assert ended == [run.run_id]
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert found.status == dg.DagsterRunStatus.FAILURE
        assert storage.claim_concurrency_slot(POOL, "another-run", "step").is_claimed


def test_a_run_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    with open_instance(prepare_dagster_home(Settings(home=tmp_path))) as instance:
        run = instance.create_run_for_job(dg.GraphDefinition(name="other").to_job())

        assert end_killed_runs(instance) == []
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert found.status == dg.DagsterRunStatus.NOT_STARTED
