"""The sensor that asks for a new model when a rule says so, and for the training run of each request until it ends."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.clock import from_epoch, wall_now
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.orchestration.retraining_tag import REQUEST_TAG
from platform_assets.settings import Settings

if TYPE_CHECKING:
    # What define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.retraining import RetrainingRequest

EVERY_S = 60
MOST_RUNS = 3
AFTER_FAILURE = dt.timedelta(minutes=10)
_ENDED = frozenset({dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED})


def retraining_sensor(
    product: Product, settings: Settings, jobs: "Sequence[UnresolvedAssetJobDefinition]"
) -> dg.SensorDefinition:
    """Return the sensor that turns broken rules into requests, and requests into runs of the training job.

    `jobs` are the jobs of the product, the same objects that the code location lists.
    """
    train = names.job_name(product.name, "train")

    @dg.sensor(
        name=f"{product.name}_retraining",
        jobs=[job for job in jobs if job.name == train],
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            f"{product.title}: when a rule that asks for a new model is broken, requests one and trains it on newer "
            "data; a skipped tick says what holds it."
        ),
    )
    def retraining(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.retraining import requests
        from platform_assets.orchestration.retraining_request import ask_by_rule
        from platform_assets.orchestration.retraining_steps import settle

        ledger, at = open_ledger(settings.ledger_dsn), wall_now()
        settle(settings, ledger, product.name, at)
        request = next((one for one in requests(ledger, product.name) if not one.is_ended), None)
        if request is None:
            asked = ask_by_rule(settings, ledger, product, at)
            if asked.request is None:
                return dg.SkipReason(f"{asked.verdict.action}: {asked.verdict.reason}")
            request = asked.request
            context.log.warning("a new model of %s is asked for: %s", product.name, request.reason)
        return _launch(context.instance, settings, ledger, train, request, at)

    return retraining


def _launch(
    instance: dg.DagsterInstance,
    settings: Settings,
    ledger: "Ledger",
    job: str,
    request: "RetrainingRequest",
    at: dt.datetime,
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run unless one is at work, the candidate is on its way, or too many have ended without an outcome."""
    from platform_assets.orchestration.retraining_request import on_its_way

    told = f"request {request.request_id} is {request.state}"
    runs = instance.get_run_records(dg.RunsFilter(tags={REQUEST_TAG: str(request.request_id)}))
    why = on_its_way(settings, request.product) if request.state == "candidate" else None
    why = why or _busy(runs, at)
    if why is not None:
        return dg.SkipReason(f"{told}; {why}")
    if len(runs) >= MOST_RUNS:
        return dg.SkipReason(_given_up(ledger, request, runs, at))
    # A tick that was killed before it asked, or two at once, come to the same key: one run.
    key = f"{job}-request-{request.request_id}-{len(runs) + 1}"
    return dg.RunRequest(job_name=job, run_key=key, tags={REQUEST_TAG: str(request.request_id)})


def _busy(runs: Sequence[dg.RunRecord], at: dt.datetime) -> str | None:
    """Return why no other run is asked for now, or None; the newest run is the first."""
    at_work = next((one for one in runs if one.dagster_run.status not in _ENDED), None)
    if at_work is not None:
        return f"run {at_work.dagster_run.run_id} is at work"
    ended = [from_epoch(one.end_time) for one in runs if one.end_time is not None]
    again_at = max(ended, default=at - AFTER_FAILURE) + AFTER_FAILURE
    if at < again_at:
        return (
            f"run {runs[0].dagster_run.run_id} ended; the next one starts at {again_at.isoformat(timespec='seconds')}"
        )
    return None


def _given_up(ledger: "Ledger", request: "RetrainingRequest", runs: Sequence[dg.RunRecord], at: dt.datetime) -> str:
    """Return what is told of a request whose runs are used up; one without a candidate has failed."""
    from platform_assets.monitoring.retraining.records import follow

    if request.state == "candidate":
        return (
            f"the candidate of request {request.request_id} waits: see why run {runs[0].dagster_run.run_id} did not "
            f"release it, then approve or reject its version, or withdraw the request"
        )
    told = f"{len(runs)} runs ended without a candidate, the last one is {runs[0].dagster_run.run_id}"
    follow(ledger, request.request_id, "failed", told, at=at, facts={"run_id": runs[0].dagster_run.run_id})
    return f"request {request.request_id} has failed: {told}"
