"""Jobs: what people and schedules start by name."""

from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.orchestration.streaming_assets import EVENT_LOG, takes_events

if TYPE_CHECKING:
    # What define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

INGEST_JOB = "ingest"
DRAIN_JOB = "drain_prediction_log"


def feature_job_name(dataset: str) -> str:
    """Return the job that builds the feature views of a data set for one as-of day or a range of them."""
    return f"build_features_{dataset}"


def platform_jobs() -> "list[UnresolvedAssetJobDefinition]":
    """Return the jobs that belong to no product: ingest, feature views per data set, drain."""
    return [
        dg.define_asset_job(
            INGEST_JOB,
            selection=dg.AssetSelection.groups("raw", "staging"),
            description="Fetch the raw files and build the staging models.",
        ),
        *(
            dg.define_asset_job(
                feature_job_name(dataset),
                selection=dg.AssetSelection.tag("dataset", dataset) & dg.AssetSelection.groups("features"),
                description=f"Build the feature views of {dataset} for an as-of day or a range of days.",
            )
            for dataset in DATASETS
        ),
        dg.define_asset_job(
            DRAIN_JOB,
            selection=["prediction_log", EVENT_LOG],
            description="Move logged online answers and accepted events from their streams to the lake.",
        ),
    ]


def product_jobs(product: Product) -> "list[UnresolvedAssetJobDefinition]":
    """Return the jobs of a product: train, score and, with an online block, publish online."""
    jobs = [
        _job(
            product, "train", ("training_set", "preprocessor", "model", "evaluation", "release"), "Train and release."
        ),
        _job(product, "score", ("predictions",), "Score and publish one batch."),
        _job(product, "publish", ("published_predictions",), "Refresh the view that consumers read."),
    ]
    if product.online is not None:
        synced: tuple[names.AssetNoun, ...] = ("online_snapshot",)
        if takes_events(product):
            synced = ("online_snapshot", "streamed_features")
        jobs.append(_job(product, "sync", synced, "Publish the online snapshot."))
        jobs.append(_job(product, "deploy", ("endpoint",), "Let the endpoint serve the live release."))
        jobs.append(_job(product, "experiment", ("experiments",), "Look at an experiment; stop it at harm."))
    return jobs


def _job(
    product: Product, activity: str, nouns: tuple[names.AssetNoun, ...], what: str
) -> "UnresolvedAssetJobDefinition":
    keys = [dg.AssetKey(names.asset_key(product.name, noun)) for noun in nouns]
    return dg.define_asset_job(
        names.job_name(product.name, activity),
        selection=dg.AssetSelection.assets(*keys),
        description=f"{product.title}: {what}",
        tags={"product": product.name},
    )
