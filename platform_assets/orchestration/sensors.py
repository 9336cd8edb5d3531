"""Sensors: a new release reaches batches and endpoint, checks gate automation, logged answers reach the lake."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.release import read_release
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.online.streaming.keys import log_key
from platform_assets.orchestration.jobs import DRAIN_JOB
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.orchestration.schedules import business_day
from platform_assets.orchestration.streaming_assets import takes_events
from platform_assets.settings import Settings

if TYPE_CHECKING:
    # What define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the running sensor of declarative automation; Dagster's own one is stopped by default."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Materializes what its automation condition asks for; never past a failed blocking check.",
    )


def release_sensor(
    product: Product, settings: Settings, jobs: "Sequence[UnresolvedAssetJobDefinition]"
) -> dg.SensorDefinition:
    """Return the sensor that carries a moved live pointer to the endpoint and to the due batch.

    `jobs` are the jobs of the product, the same objects that the code location lists.
    """
    score, deploy = names.job_name(product.name, "score"), names.job_name(product.name, "deploy")

    @dg.sensor(
        name=f"{product.name}_release",
        jobs=[job for job in jobs if job.name in {score, deploy}],
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{product.title}: when the live release moves, score the due batch and deploy to the endpoint.",
    )
    def release(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        live = read_live(settings.releases_dir, product.name)
        if live is None or context.cursor == (here := f"{live.sequence} {live.release_id}"):
            return dg.SkipReason("the live release has not moved")
        if _is_same_release(settings, product.name, live, cursor=context.cursor):
            return dg.SensorResult(cursor=here, skip_reason="a rollout moved, and the release in force is the same")
        version = read_release(settings.releases_dir, product.name, live.release_id).model_version
        key = prediction_key(business_day(DATASETS[product.dataset], settings), version)
        partitions = dg.DynamicPartitionsDefinition(name=names.model_partitions(product.name))
        # The sequence is in the key: after a move back the batch of that release is asked for, and shown, again.
        requests = [dg.RunRequest(job_name=score, run_key=f"{score}-{key}-{live.sequence}", partition_key=key)]
        if product.online:
            requests.append(dg.RunRequest(job_name=deploy, run_key=f"{deploy}-{live.sequence}"))
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[partitions.build_add_request([str(version)])],
            cursor=here,
        )

    return release


def _is_same_release(settings: Settings, product: str, live: LivePointer, *, cursor: str | None) -> bool:
    """Tell whether the release at the cursor was in force all the time since: its batch is there, the endpoint has it.

    The sequence grows with every move, so a move to another release and back is seen as well.
    """
    sequence, _, release_id = (cursor or "").partition(" ")
    if release_id != live.release_id or not sequence.isdecimal():
        return False
    moves = read_moves(settings.releases_dir, product, after=int(sequence), up_to=live.sequence)
    is_whole = len(moves) == live.sequence - int(sequence)
    return is_whole and all(move.pointer["release_id"] == release_id for move in moves)


def drain_sensor(settings: Settings, products: Sequence[Product]) -> dg.SensorDefinition:
    """Return the sensor that drains the logs of answers and of events whenever something is in their streams."""
    logs = [names.PREDICTION_STREAM, *(log_key(each.name).decode() for each in products if takes_events(each))]

    @dg.sensor(
        name="prediction_log_watch",
        job_name=DRAIN_JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="When the endpoint has logged answers or accepted events, moves them to the lake.",
    )
    def prediction_log_watch(_context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            with connect(settings.online_url, timeout_s=2.0) as client:
                waiting = any(read_batch(client, log, "0-0", 1) for log in logs)
        except OnlineStoreUnavailableError as error:
            return dg.SkipReason(str(error))
        # Without a run key, so that a drain that failed is asked for again.
        return dg.RunRequest() if waiting else dg.SkipReason("the stream is empty")

    return prediction_log_watch
