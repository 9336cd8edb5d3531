"""How a job ends: recorded first, tidied up after, so that a kill in between only leaves something to tidy."""

import datetime as dt

import msgspec

from platform_assets.errors import JobStorageError, PlatformError
from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.publishing import settle_output, withdraw_output
from platform_assets.serving.jobs.record import JobProblem, JobRecord, JobState, Status, Totals


def end_job(
    record: JobRecord, status: Status, *, at: dt.datetime, error: PlatformError | OSError | None = None
) -> JobState:
    """Record the end and tidy up; hold the job's lock. What could not be recorded for want of room has failed."""
    chunks = Chunks.of(record.directory, fsync=record.fsync)
    totals = chunks.totals()
    try:
        state = _record(record, status, at, totals, error)
    except OSError as full:  # the chunks make room on a full disk
        withdraw_output(record.spec())
        chunks.clear()
        outcome: Status = "cancelled" if status == "cancelled" else "failed"
        state = _record(record, outcome, at, totals, error or full)
    tidy(record, state)
    return state


def tidy(record: JobRecord, state: JobState) -> None:
    """Remove the chunks of a job that has ended, and the output unless it succeeded."""
    if state.status == "succeeded":
        settle_output(record.spec())
    else:
        withdraw_output(record.spec())
    Chunks.of(record.directory, fsync=record.fsync).clear()


def _record(
    record: JobRecord, status: Status, at: dt.datetime, totals: Totals, error: PlatformError | OSError | None
) -> JobState:
    problem = _problem(error) if error is not None else None
    state = msgspec.structs.replace(record.state(), status=status, finished_at=at, totals=totals, error=problem)
    record.write_state(state)
    return state


def _problem(error: PlatformError | OSError) -> JobProblem:
    if isinstance(error, OSError):
        error = JobStorageError(problem=str(error) or type(error).__name__)
    return JobProblem(code=error.code, detail=str(error))
