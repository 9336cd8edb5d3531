"""Failed runs as incidents tell of them: which product they concern and why; Dagster may forget its runs."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.orchestration.jobs import INGEST_JOB, feature_job_name

if TYPE_CHECKING:
    from platform_assets.monitoring.incidents.happened import HappenedEvent, Witness

_LOOKED_AT = 200  # newest failed runs
_TOLD_LENGTH = 300


def newest_failure(instance: dg.DagsterInstance, *, but: str) -> float:
    """Return when the newest failed run of any job but one ended, in seconds since 1970, or 0."""
    return max((_ended(record) for record in _failed(instance) if record.dagster_run.job_name != but), default=0.0)


def failed_runs_of(instance: dg.DagsterInstance, product: Product, *, since: dt.datetime) -> "Sequence[HappenedEvent]":
    """Return the failed runs that concern a product since an instant: of its own assets and of the data upstream."""
    records = [record for record in _failed(instance) if _ended(record) >= since.timestamp()]
    return [_event(instance, record) for record in records if _concerns(record.dagster_run, product)]


def witness_of_runs(instance: dg.DagsterInstance) -> "Witness":
    """Return what tells the incidents of a product which of its runs failed."""
    return lambda product, since: failed_runs_of(instance, product, since=since)


def _failed(instance: dg.DagsterInstance) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]), limit=_LOOKED_AT)


def _ended(record: dg.RunRecord) -> float:
    return record.end_time or record.update_timestamp.timestamp()


def _concerns(run: dg.DagsterRun, product: Product) -> bool:
    keys = {tuple(key.path) for key in run.asset_selection or ()}
    if not keys:  # a whole job names no asset
        return run.job_name in {INGEST_JOB, feature_job_name(product.dataset)} or run.job_name.startswith(
            f"{product.name}_"
        )
    views = (names.feature_view_key(use.view) for use in product.features.views)
    upstream = {names.raw_key(product.dataset), *views}
    # The staging models of all data sets are built by one step.
    return any(key in upstream or key[0] in {product.name, "staging"} for key in keys)


def _event(instance: dg.DagsterInstance, record: dg.RunRecord) -> "HappenedEvent":
    from platform_assets.monitoring.incidents.happened import HappenedEvent

    run = record.dagster_run
    partition = f" for {run.tags['dagster/partition']}" if "dagster/partition" in run.tags else ""
    what = ", ".join(sorted(key.to_user_string() for key in run.asset_selection or ())) or run.job_name
    why = next(_failures(instance, run.run_id), "no step says why")
    return HappenedEvent(
        key=f"run:{run.run_id}",
        kind="run_failed",
        happened_at=dt.datetime.fromtimestamp(_ended(record), tz=dt.UTC),
        told=f"run of {what}{partition} failed: {why}",
        by="dagster",
        facts={"run_id": run.run_id, "job": run.job_name},
    )


def _failures(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """Yield in one line why each step of a run failed: the cause, not the framework's wrapping of it."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        error = event.step_failure_data.error if event else None
        while error is not None and error.cause is not None:
            error = error.cause
        if event is not None and error is not None:
            yield f"{event.step_key}: {' '.join(error.message.split())[:_TOLD_LENGTH]}"
