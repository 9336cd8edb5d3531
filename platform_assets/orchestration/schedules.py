"""Schedules: ingest and features nightly, batches at each product's cadence, training apart from scoring."""

import datetime as dt

import dagster as dg

from platform_assets.clock import wall_now
from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS, Dataset
from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.orchestration.jobs import INGEST_JOB, feature_job_name
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.settings import Settings

INGEST_CRON = "0 1 * * *"
FEATURES_CRON = "0 2 * * *"  # R220: features are materialized nightly at 02:00
SYNC_CRON = "30 2 * * *"  # after the features, so that the online store holds them in the morning
TRAINING_CRON = "0 6 1 * *"


def default_status(settings: Settings) -> dg.DefaultScheduleStatus:
    """Return whether schedules run by themselves: in live mode they do, in replay mode the data stands still."""
    is_live = settings.clock_mode == "live"
    return dg.DefaultScheduleStatus.RUNNING if is_live else dg.DefaultScheduleStatus.STOPPED


def business_day(dataset: Dataset, settings: Settings) -> dt.date:
    """Return the as-of day that is due: today in live mode, the last day of the data in replay mode."""
    return settings.clock.now(pinned=dataset.replay_now, wall=wall_now()).date()


def platform_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Return the nightly schedules of raw data and feature views."""
    return [
        dg.ScheduleDefinition(
            name="ingest_nightly",
            job_name=INGEST_JOB,
            cron_schedule=INGEST_CRON,
            default_status=default_status(settings),
        ),
        *(_feature_schedule(dataset, settings) for dataset in DATASETS.values()),
    ]


def product_schedules(product: Product, settings: Settings) -> list[dg.ScheduleDefinition]:
    """Return when a product is scored and trained; both are independent of each other (R060)."""
    schedules = [
        _scoring_schedule(product, settings),
        dg.ScheduleDefinition(
            name=f"{product.name}_train_monthly",
            job_name=names.job_name(product.name, "train"),
            cron_schedule=TRAINING_CRON,
            default_status=default_status(settings),
            description=f"{product.title}: train a candidate; only gates release it.",
        ),
    ]
    if product.online is not None:
        schedules.append(
            dg.ScheduleDefinition(
                name=f"{product.name}_sync_nightly",
                job_name=names.job_name(product.name, "sync"),
                cron_schedule=SYNC_CRON,
                default_status=default_status(settings),
                description=f"{product.title}: publish the newest stored features to the online store.",
            )
        )
    return schedules


def _feature_schedule(dataset: Dataset, settings: Settings) -> dg.ScheduleDefinition:
    job = feature_job_name(dataset.name)

    @dg.schedule(
        name=f"{job}_nightly", job_name=job, cron_schedule=FEATURES_CRON, default_status=default_status(settings)
    )
    def nightly(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = business_day(dataset, settings).isoformat()
        return dg.RunRequest(run_key=f"{job}-{day}", partition_key=day)

    return nightly


def _scoring_schedule(product: Product, settings: Settings) -> dg.ScheduleDefinition:
    job = names.job_name(product.name, "score")

    @dg.schedule(
        name=f"{product.name}_score_{product.batch.cadence}",
        job_name=job,
        cron_schedule=product.batch.cron,
        default_status=default_status(settings),
        description=f"{product.title}: score the due as-of with the live release, {product.batch.cadence}.",
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        live = read_live(settings.releases_dir, product.name)
        if live is None:
            return dg.SkipReason(f"{product.name} has no live release yet: run {product.name}_train")
        release = read_release(settings.releases_dir, product.name, live.release_id)
        # A fresh instance knows no version; Dagster refuses a key of an unknown partition.
        context.instance.add_dynamic_partitions(names.model_partitions(product.name), [str(release.model_version)])
        key = prediction_key(business_day(DATASETS[product.dataset], settings), release.model_version)
        return dg.RunRequest(run_key=f"{job}-{key}", partition_key=key, tags={"release_id": release.release_id})

    return due
