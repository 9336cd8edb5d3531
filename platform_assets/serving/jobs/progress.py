"""A job as a caller sees it, from its files and its committed chunks."""

from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.record import JobPlan, JobRecord, JobState, ShownStatus, Totals
from platform_assets.serving.jobs.wire import JobSeen


def see_job(record: JobRecord) -> JobSeen:
    """Return what is known of a job now; raises OSError or msgspec.DecodeError for a directory that holds none."""
    spec, plan = record.spec(), record.plan()
    state, totals = _standing(record)
    ratio = _ratio(state, plan, totals)
    rate = totals.rows_done / totals.seconds if totals.seconds > 0.0 else None
    return JobSeen(
        job_id=spec.job_id,
        status=_shown_status(record, state),
        progress=f"{int(ratio * 100)}%",
        progress_ratio=ratio,
        rows_done=totals.rows_done,
        rows_failed=totals.rows_failed,
        rows_total=plan.rows_total if plan else None,
        rows_per_second=rate,
        eta_seconds=_eta(state, plan, totals, rate),
        product=spec.product,
        release_id=spec.release_id,
        model_version=spec.model_version,
        input_uri=spec.input_uri,
        output_uri=spec.output_uri,
        batch_size=spec.batch_size,
        event_at=spec.event_at,
        created_at=spec.created_at,
        started_at=state.started_at,
        finished_at=state.finished_at,
        error=state.error,
    )


def _standing(record: JobRecord) -> tuple[JobState, Totals]:
    """Return the state and the totals that go with it: the chunks are removed after the end was recorded."""
    totals = Chunks.of(record.directory, fsync=record.fsync).totals()
    state = record.state()
    return state, state.totals or totals


def _shown_status(record: JobRecord, state: JobState) -> ShownStatus:
    return "cancelling" if record.is_cancel_requested and not state.is_finished else state.status


def _ratio(state: JobState, plan: JobPlan | None, totals: Totals) -> float:
    if state.status == "succeeded":
        return 1.0
    return totals.rows_done / plan.rows_total if plan and plan.rows_total else 0.0


def _eta(state: JobState, plan: JobPlan | None, totals: Totals, rate: float | None) -> float | None:
    if state.is_finished:
        return 0.0 if state.status == "succeeded" else None
    return (plan.rows_total - totals.rows_done) / rate if plan and rate else None
