"""A finished run as lineage needs it: what it made from which versions, and what was checked."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

_INPUT_VERSION = "dagster/input_data_version/"
_ROW_COUNT = "dagster/row_count"


@dataclass(frozen=True, slots=True)
class Made:
    """One materialization: the asset, its version, and the versions of what it was made from."""

    asset: str
    partition: str | None
    version: str | None
    rows: int | None
    at: dt.datetime
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One check of an asset; `severity` is "error" or "warn"."""

    asset: str
    partition: str | None
    check: str
    passed: bool
    severity: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that ended; `problem` says why it failed, and is empty for one that did not."""

    run_id: str
    job: str
    status: dg.DagsterRunStatus
    started_at: dt.datetime
    ended_at: dt.datetime
    problem: str
    made: tuple[Made, ...]
    judged: tuple[Judged, ...]


def finished_run(instance: dg.DagsterInstance, record: dg.RunRecord) -> FinishedRun:
    """Read what a run that ended has left in the event log."""
    run = record.dagster_run
    entries = instance.all_logs(run.run_id)
    started = dt.datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), tz=dt.UTC)
    ended = dt.datetime.fromtimestamp(record.end_time or record.update_timestamp.timestamp(), tz=dt.UTC)
    return FinishedRun(
        run_id=run.run_id,
        job=run.job_name,
        status=run.status,
        started_at=started,
        ended_at=max(started, ended),
        problem=_problem(entries) if run.status is dg.DagsterRunStatus.FAILURE else "",
        made=tuple(_made(entries)),
        judged=tuple(_judged(entries)),
    )


def _made(entries: Sequence[dg.EventLogEntry]) -> Iterator[Made]:
    for entry in entries:
        made = entry.asset_materialization
        if made is None:
            continue
        tags = made.tags or {}
        yield Made(
            asset=made.asset_key.to_user_string(),
            partition=made.partition,
            version=tags.get("dagster/data_version"),
            rows=_rows(made.metadata),
            at=_instant(entry),
            inputs=tuple(_inputs(tags)),
        )


def _inputs(tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for tag, version in sorted(tags.items()):
        if tag.startswith(_INPUT_VERSION):
            yield tag.removeprefix(_INPUT_VERSION), version


def _judged(entries: Sequence[dg.EventLogEntry]) -> Iterator[Judged]:
    for entry in entries:
        judged = entry.asset_check_evaluation
        if judged is not None:
            yield Judged(
                asset=judged.asset_key.to_user_string(),
                partition=judged.partition,
                check=judged.check_name,
                passed=judged.passed,
                severity=judged.severity.value.lower(),
                at=_instant(entry),
            )


def _problem(entries: Sequence[dg.EventLogEntry]) -> str:
    """Return the message of the step that failed, else of the run."""
    failures = [entry.dagster_event for entry in entries if entry.dagster_event and entry.dagster_event.is_failure]
    told = [event.step_failure_data.error for event in failures if event.is_step_failure]
    for error in told:
        if error is not None:
            return (error.cause or error).message.strip()
    return failures[-1].message or "" if failures else ""


def _rows(metadata: Mapping[str, dg.MetadataValue]) -> int | None:
    value = metadata.get(_ROW_COUNT)
    return value.value if isinstance(value, dg.IntMetadataValue) else None


def _instant(entry: dg.EventLogEntry) -> dt.datetime:
    return dt.datetime.fromtimestamp(entry.timestamp, tz=dt.UTC)
