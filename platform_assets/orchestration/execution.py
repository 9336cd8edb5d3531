"""Runs jobs of the platform in this process, into the platform's own instance, so that the UI shows the history."""

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from platform_assets.errors import RunFailedError

# The console shows what is wrong; the event log of the instance keeps everything.
_QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
_IN_PROCESS = {"platform/executed_by": "demo"}
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def open_instance(dagster_home: Path) -> dg.DagsterInstance:
    """Return the instance whose `dagster.yaml` lies in that directory."""
    return dg.DagsterInstance.from_config(str(dagster_home))


def end_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the runs of an earlier process like this one as failed and free their places in pools; return their ids.

    The daemon does not watch runs in this process, so a killed one would hold its place in a pool for ever. The caller
    makes sure that no other process of its kind is at work.
    """
    unfinished = dg.RunsFilter(
        tags=_IN_PROCESS,
        statuses=[
            dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ],
    )
    runs = instance.get_runs(unfinished)
    for run in runs:
        instance.report_run_failed(run, "The process of this run was killed; its work is done again by a later run.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in runs]


def run_job(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, *, partition_key: str | None = None
) -> str:
    """Run a job to its end and return the run id; raises RunFailedError with the message of the failed step."""
    return _execute(definitions, instance, job, partition_key=partition_key, tags={})


def run_job_over(definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, *, first: str, last: str) -> str:
    """Run a job once for a range of partitions, both ends included, and return the run id."""
    tags = {_RANGE_START: first, _RANGE_END: last}
    return _execute(definitions, instance, job, partition_key=None, tags=tags)


def _execute(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    *,
    partition_key: str | None,
    tags: Mapping[str, str],
) -> str:
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        partition_key=partition_key,
        tags={**_IN_PROCESS, **tags},
        run_config=_QUIET,
        raise_on_error=False,
    )
    if not result.success:
        raise RunFailedError(job=job, run_id=result.run_id, reason=_reason(result))
    return result.run_id


def _reason(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            return f"step {event.step_key}: {error.message.strip() if error else 'no message'}"
    return "no step failed; see the run's events"
