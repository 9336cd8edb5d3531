"""Rollback in the UI: one job for every product, and the sensor that carries out what a killed rollback began."""

import datetime as dt
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.clock import parse_instant, wall_now
from platform_assets.code_version import code_version
from platform_assets.contract import names
from platform_assets.errors import MalformedRequestError, RollbackUnfinishedError
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.registry.rollback import RolledBack

ROLLBACK_JOB = "rollback"
_BY_TAG = "user"
_ATTEMPTS = 5
_PAUSE_S = 30


class RollbackConfig(dg.Config):
    """Exactly one of `release` (an id) and `as_of` (an ISO 8601 instant); `resume` carries out what was begun."""

    product: str
    reason: str
    release: str | None = None
    as_of: str | None = None
    also_snapshot: bool = True
    by: str | None = None
    resume: bool = False


def rollback_job(settings: Settings) -> dg.JobDefinition:
    """Return the job that brings a product back to a release or to the state of an instant."""

    @dg.op(
        name="roll_back",
        description="Moves model, preprocessor and feature snapshot back together, or changes nothing.",
    )
    def roll_back_op(context: dg.OpExecutionContext, config: RollbackConfig) -> None:
        try:
            done = _roll_back(context, settings, config)
        except RollbackUnfinishedError as error:  # the next attempt carries out the rest
            raise dg.RetryRequested(max_retries=_ATTEMPTS, seconds_to_wait=_PAUSE_S) from error
        if done is None:
            context.log.info("there is nothing to carry out")
            return
        metadata = _metadata(done)
        context.add_output_metadata(metadata)
        context.instance.add_run_tags(
            context.run.run_id, {"product": done.plan.product, **{f"platform/{k}": str(v) for k, v in metadata.items()}}
        )
        if done.plan.is_online:
            key = dg.AssetKey(names.asset_key(done.plan.product, "endpoint"))
            context.log_event(dg.AssetMaterialization(key, metadata=metadata))

    @dg.job(
        name=ROLLBACK_JOB,
        description=(
            "Bring a product back: product, reason, and a release id or an as-of instant. The endpoint goes on "
            "answering; ledger, MLflow and the history name who asked for it and why."
        ),
    )
    def rollback() -> None:
        roll_back_op()

    return rollback


def rollback_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that asks for the rest of a rollback whose process was killed after it moved the pointer."""

    @dg.sensor(
        name="rollback_watch",
        job_name=ROLLBACK_JOB,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Carries out rollbacks that were killed on their way.",
    )
    def rollback_watch(_context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        from platform_assets.registry.rollback_plan import abandoned_plans

        plans = abandoned_plans(settings)
        if not plans:
            return dg.SkipReason("no rollback is unfinished")
        return [
            dg.RunRequest(
                # One request per rollback: the run itself retries, and a person looks at its failure.
                run_key=f"{plan.product}-{plan.sequence_after}-{plan.mandate.at.isoformat()}",
                run_config=_resumption(plan.product, plan.mandate.reason),
            )
            for plan in plans
        ]

    return rollback_watch


def _resumption(product: str, reason: str) -> dg.RunConfig:
    return dg.RunConfig(ops={"roll_back": RollbackConfig(product=product, reason=reason, resume=True)})


def _roll_back(context: dg.OpExecutionContext, settings: Settings, config: RollbackConfig) -> "RolledBack | None":
    from platform_assets.ledger.database import open_ledger
    from platform_assets.ledger.decisions import Mandate
    from platform_assets.orchestration.endpoint_follow import crew_of
    from platform_assets.registry.rollback import finish, roll_back
    from platform_assets.registry.rollback_target import Destination

    ledger, at = open_ledger(settings.ledger_dsn), wall_now()
    run = RunFacts(run_id=context.run.run_id, at=at, code_version=code_version())
    crew = crew_of(settings, run, tell=lambda step: context.log.info("step: %s", step))
    if config.resume:
        return finish(settings, ledger, config.product, crew)
    if bool(config.release) == bool(config.as_of) or not config.reason.strip():
        raise MalformedRequestError(where="config", problem="give a reason, and one of `release` and `as_of`")
    by = config.by or context.run.tags.get(_BY_TAG) or settings.actor or "dagster"
    wish = Destination(
        product=config.product,
        release_id=config.release,
        as_of=_instant(config.as_of) if config.as_of else None,
        with_snapshot=config.also_snapshot,
    )
    return roll_back(settings, ledger, wish, Mandate(by=by, at=at, reason=config.reason.strip()), crew)


def _instant(text: str) -> dt.datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise MalformedRequestError(where="config.as_of", problem=str(error)) from error


def _metadata(done: "RolledBack") -> dict[str, str | int | float]:
    plan = done.plan
    told: dict[str, str | int | float | None] = {
        "from_release": plan.from_release,
        "to_release": plan.to_release,
        "from_model_version": plan.from_version,
        "to_model_version": plan.to_version,
        "from_snapshot": plan.from_snapshot,
        "to_snapshot": plan.snapshot_id,
        "epoch": done.epoch,
        "endpoint": done.endpoint.state,
        "endpoint_s": done.endpoint_s,
        "by": plan.mandate.by,
        "reason": plan.mandate.reason,
    }
    return {name: value for name, value in told.items() if value is not None}
