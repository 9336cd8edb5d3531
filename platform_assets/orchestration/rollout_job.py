"""Rollouts in the UI: per product a sensor that looks, and a job that takes the step and shows every move."""

import datetime as dt
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.clock import from_epoch, wall_now
from platform_assets.code_version import code_version
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.errors import LedgerUnavailableError, RegistryUnavailableError
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.orchestration.rollout_driver import Looked

EVERY_S = 30
# What fails for a reason that was not there when the sensor looked is tried again, and not every time.
AFTER_FAILURE = dt.timedelta(minutes=5)
_ENDED = frozenset({dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED})


def rollout_job_name(product: str) -> str:
    """Return the job that takes a step of the rollout of a product."""
    return names.job_name(product, "rollout_step")


def rollout_job(product: Product, settings: Settings) -> dg.JobDefinition:
    """Return the job that moves the traffic of one product as the evidence asks for, and shows what was moved."""

    @dg.op(
        name=f"{product.name}_take_rollout_step",
        description="Asks the endpoint, decides, moves the live pointer, and tells ledger, MLflow and this history.",
    )
    def take_rollout_step(context: dg.OpExecutionContext) -> None:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.traffic_moves import mark_shown
        from platform_assets.orchestration.rollout_driver import take_step
        from platform_assets.orchestration.rollout_metadata import metadata_of

        run = RunFacts(run_id=context.run.run_id, at=wall_now(), code_version=code_version())
        stepped = take_step(settings, product, run)
        context.log.info(stepped.told)
        key = dg.AssetKey(names.asset_key(product.name, "endpoint"))
        for move in stepped.unshown:
            context.log_event(dg.AssetMaterialization(key, description=move.reason, metadata=metadata_of(move)))
        # Killed before this, the next run shows them once more; nothing is left out.
        mark_shown(open_ledger(settings.ledger_dsn), product.name, [move.sequence for move in stepped.unshown])

    @dg.job(
        name=rollout_job_name(product.name),
        tags={"product": product.name},
        description=(
            f"{product.title}: take the next step of a rollout if its evidence allows it, or take the release out; "
            f"show every move of the traffic as a materialization of {product.name}/endpoint."
        ),
    )
    def rollout_step() -> None:
        take_rollout_step()

    return rollout_step


def rollout_sensor(product: Product, settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that asks for the job when a rollout has to move, or a move was not shown yet."""

    @dg.sensor(
        name=f"{product.name}_rollout",
        job_name=rollout_job_name(product.name),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{product.title}: looks at the evidence of a release on its way; a skipped tick says why it waits",
    )
    def rollout(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from platform_assets.orchestration.rollout_driver import look

        if read_live(settings.releases_dir, product.name) is None:
            return dg.SkipReason("nothing was released yet")
        now = wall_now()
        looked = look(settings, product, now)
        told = _told(looked)
        if looked.judged and looked.judged.is_overdue:
            context.log.warning("the rollout of %s is overdue; %s", product.name, told)
        try:
            is_asked = _is_asked(settings, product.name, looked)
        except (LedgerUnavailableError, RegistryUnavailableError) as error:
            return dg.SkipReason(f"{told}; no move is made or shown meanwhile: {error}")
        is_urgent = looked.judged is not None and looked.judged.action == "roll_back"
        busy = _busy(context.instance, product.name, now, is_urgent=is_urgent) if is_asked else None
        if is_asked and busy is None:
            return dg.RunRequest()  # without a run key, so that what failed is asked for again
        return dg.SkipReason(f"{told}; {busy}" if busy else told)

    return rollout


def _told(looked: "Looked") -> str:
    if looked.judged is None:
        return "no rollout is under way"
    overdue = "overdue, " if looked.judged.is_overdue else ""
    return f"{overdue}{looked.judged.action}: {looked.judged.reason}"


def _is_asked(settings: Settings, product: str, looked: "Looked") -> bool:
    """Tell whether a run has something to do; what takes a release out needs no record, all else needs both."""
    if looked.judged is not None and looked.judged.action == "roll_back":
        return True
    from platform_assets.ledger.database import open_ledger
    from platform_assets.ledger.traffic_moves import last_traffic_sequence, traffic_moves
    from platform_assets.registry.tracking import require_registry
    from platform_assets.registry.traffic_mirror import told_moves

    ledger = open_ledger(settings.ledger_dsn)
    # Not by their numbers: moves from before moves were kept are never told, and would be asked for for ever.
    is_behind = any(told_moves(settings, product, looked.live, after=last_traffic_sequence(ledger, product)))
    is_asked = is_behind or bool(traffic_moves(ledger, product, unshown_only=True))
    if not is_asked and (looked.judged is None or looked.judged.action == "hold"):
        return False
    require_registry(settings)
    return True


def _busy(instance: dg.DagsterInstance, product: str, now: dt.datetime, *, is_urgent: bool) -> str | None:
    """Return why no other run is asked for now, or None."""
    last = instance.get_run_records(dg.RunsFilter(job_name=rollout_job_name(product)), limit=1)
    if not last:
        return None
    run, ended_at = last[0].dagster_run, last[0].end_time
    if run.status not in _ENDED:
        return f"run {run.run_id} is at work"
    if run.status is dg.DagsterRunStatus.FAILURE and ended_at is not None and not is_urgent:
        again_at = from_epoch(ended_at) + AFTER_FAILURE
        if now < again_at:
            return f"run {run.run_id} failed; the next one starts at {again_at.isoformat(timespec='seconds')}"
    return None
