"""A finished run as events of the standard: one run for the job, one for each asset that it made or checked."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.orchestration.open_lineage.finished_runs import FinishedRun, Judged, Made

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import JobFacet, RunFacet

NAMESPACE = "platform"
# A name and no address: the standard wants a URI, and the platform has no home page.
PRODUCER = "urn:platform-assets"
# The namespace of the run ids that are derived here; any fixed one, so that a repeated event is the same event.
_RUNS = uuid.UUID("0f7b9a52-6c1d-4d6e-9a3b-5a4a0f4de3c1")


def run_events(run: FinishedRun) -> "list[RunEvent]":
    """Return the events of a run, each started before it ends; the same run gives the same events every time."""
    from openlineage.client import set_producer

    set_producer(PRODUCER)  # facets take it when they are made
    return [*_job_events(run), *(event for made in run.made for event in _made_events(run, made)), *_check_events(run)]


def _job_events(run: FinishedRun) -> "Iterator[RunEvent]":
    from openlineage.client.event_v2 import Job, Run, RunState
    from openlineage.client.facet_v2 import error_message_run

    ends = {
        dg.DagsterRunStatus.SUCCESS: RunState.COMPLETE,
        dg.DagsterRunStatus.FAILURE: RunState.FAIL,
        dg.DagsterRunStatus.CANCELED: RunState.ABORT,
    }
    job = Job(NAMESPACE, run.job, facets=dict(_job_type("JOB")))
    facets: dict[str, RunFacet] = {}
    if run.problem:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(run.problem, "python")
    yield _event(RunState.START, run.started_at, Run(run.run_id), job)
    yield _event(ends[run.status], run.ended_at, Run(run.run_id, facets=facets), job)


def _made_events(run: FinishedRun, made: Made) -> "Iterator[RunEvent]":
    from openlineage.client.event_v2 import Job, RunState

    of_run = _own_run(run, "make", made.asset, made.partition)
    job = Job(NAMESPACE, made.asset, facets=dict(_job_type("ASSET")))
    inputs = [_input(asset, version) for asset, version in made.inputs]
    yield _event(RunState.START, run.started_at, of_run, job, inputs=inputs)
    yield _event(RunState.COMPLETE, made.at, of_run, job, inputs=inputs, outputs=[_output(made)])


def _check_events(run: FinishedRun) -> "Iterator[RunEvent]":
    from openlineage.client.event_v2 import Job, RunState

    for (asset, partition), judged in groupby(sorted(run.judged, key=_subject), key=_subject):
        results = list(judged)
        of_run = _own_run(run, "check", asset, partition or None)
        job = Job(NAMESPACE, f"{asset}:checks", facets=dict(_job_type("CHECKS")))
        inputs = [_checked(asset, results)]
        yield _event(RunState.START, run.started_at, of_run, job)
        yield _event(RunState.COMPLETE, max(result.at for result in results), of_run, job, inputs=inputs)


def _subject(judged: Judged) -> tuple[str, str]:
    return judged.asset, judged.partition or ""


def _own_run(run: FinishedRun, what: str, asset: str, partition: str | None) -> "Run":
    from openlineage.client.event_v2 import Run
    from openlineage.client.facet_v2 import parent_run, tags_run

    facets: dict[str, RunFacet] = {
        "parent": parent_run.ParentRunFacet(run=parent_run.Run(run.run_id), job=parent_run.Job(NAMESPACE, run.job))
    }
    if partition is not None:
        facets["tags"] = tags_run.TagsRunFacet([tags_run.TagsRunFacetFields("partition", partition, "DAGSTER")])
    return Run(str(uuid.uuid5(_RUNS, f"{run.run_id} {what} {asset} {partition or ''}")), facets=facets)


def _input(asset: str, version: str) -> "InputDataset":
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset

    facet = dataset_version_dataset.DatasetVersionDatasetFacet(version)
    return InputDataset(NAMESPACE, asset, facets={"version": facet})


def _output(made: Made) -> "OutputDataset":
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset, output_statistics_output_dataset

    version = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(made.version)} if made.version else {}
    rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=made.rows)
    counted = {} if made.rows is None else {"outputStatistics": rows}
    return OutputDataset(NAMESPACE, made.asset, facets=dict(version), outputFacets=dict(counted))


def _checked(asset: str, results: Iterable[Judged]) -> "InputDataset":
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

    assertions = [
        quality.Assertion(assertion=result.check, success=result.passed, severity=result.severity) for result in results
    ]
    facet = quality.DataQualityAssertionsDatasetFacet(assertions)
    return InputDataset(NAMESPACE, asset, inputFacets={"dataQualityAssertions": facet})


def _job_type(kind: str) -> "Iterator[tuple[str, JobFacet]]":
    from openlineage.client.facet_v2 import job_type_job

    yield "jobType", job_type_job.JobTypeJobFacet("BATCH", "DAGSTER", kind)


def _event(
    state: "RunState",
    at: dt.datetime,
    run: "Run",
    job: "Job",
    *,
    inputs: "list[InputDataset] | None" = None,
    outputs: "list[OutputDataset] | None" = None,
) -> "RunEvent":
    from openlineage.client.event_v2 import RunEvent

    return RunEvent(
        eventTime=at.isoformat(),
        producer=PRODUCER,
        run=run,
        job=job,
        eventType=state,
        inputs=inputs or [],
        outputs=outputs or [],
    )
