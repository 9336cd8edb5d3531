"""Batches of predictions and what of them is published, as assets."""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.clock import midnight
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.errors import LakeWriteError
from platform_assets.orchestration.dependencies import staging_of
from platform_assets.orchestration.guardrail_checks import guardrail_check, guardrail_specs
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.metering import keep_use
from platform_assets.orchestration.partitions import prediction_partitions, read_prediction_key
from platform_assets.orchestration.promises import freshness_check, freshness_policy, freshness_result
from platform_assets.orchestration.reader_checks import readers_check, readers_result
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.batch.flow import BatchOutcome
    from platform_assets.batch.publication import Published
    from platform_assets.batch.published_view import PublishedView


def scoring_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the prediction batches and the published predictions of a product."""
    return [_predictions(product, settings), _published(product, settings)]


def _predictions(product: Product, settings: Settings) -> dg.AssetsDefinition:
    key = dg.AssetKey(names.asset_key(product.name, "predictions"))
    partitions = prediction_partitions(product, settings.clock_mode)
    day_of_batch = dg.MultiToSingleDimensionPartitionMapping("as_of")

    @dg.asset(
        key=key,
        group_name=product.name,
        partitions_def=partitions,
        deps=[
            dg.AssetKey(names.asset_key(product.name, "release")),
            *(dg.AssetDep(dg.AssetKey(names.staging_key(model))) for model in staging_of(product)),
            *(
                dg.AssetDep(dg.AssetKey(names.feature_view_key(use.view)), partition_mapping=day_of_batch)
                for use in product.features.views
            ),
        ],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"deltalake"},
        description=(
            f"{product.description}\n\nA row is one prediction: {product.score.meaning} Batches are scored "
            f"{product.batch.cadence}; each as-of and model version is one partition, appended once and never "
            "overwritten. A batch that a guardrail refuses goes to quarantine and the one before stays published."
        ),
        check_specs=guardrail_specs(product, key),
        retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
    )
    def predictions(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        from platform_assets.audit.find_prediction import batch_index
        from platform_assets.batch.flow import release_to_score, run_batch
        from platform_assets.batch.publication import BatchRun
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.cost.meter import metered

        as_of, model_version = read_prediction_key(context.partition_key)
        release = release_to_score(settings, product, model_version)
        run = BatchRun(product, midnight(as_of), release, run_facts(context))
        with metered() as meter:
            outcome = run_batch(settings, open_ledger(settings.ledger_dsn), run)
        used = keep_use(settings, meter, run.facts, product=product.name, mode="batch", rows=outcome.rows)
        yield from map(guardrail_check, outcome.guardrails)
        if outcome.published is None:
            error = outcome.refusal()
            raise dg.Failure(str(error), allow_retries=False) from error
        with suppress(LakeWriteError):  # the batch is published, and the first trace of a row makes up for it
            batch_index(settings, product.name).catch_up()
        yield _materialized(outcome, outcome.published, used)

    return predictions


def _materialized(
    outcome: "BatchOutcome", published: "Published", used: dict[str, float | str]
) -> dg.MaterializeResult:
    from platform_assets.ledger.artifacts import artifact_id

    record = published.record
    artifact = artifact_id("publication", record.product, record.digest)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(record.digest),
        metadata={
            "dagster/row_count": outcome.rows,
            "release_id": record.release_id,
            "model_version": record.model_version,
            "revision": record.revision,
            "delta_version": record.delta_version,
            "batch_digest": record.digest,
            "input_artifact": outcome.input_artifact,
            "artifact": artifact,
            "release_artifact": artifact_id("release", record.product, record.release_id),
            "trace": dg.MetadataValue.md(f"`platform trace ID` for a row, `platform impact {artifact}` for the batch"),
            "is_new": published.is_new,
            **used,
        },
    )


def _after_good_batches() -> dg.AutomationCondition:
    """Ask for the published view after each batch whose guardrails let it pass, of whichever as-of and model version.

    A refused batch is never materialized, so nothing asks whether the checks hold: Dagster's condition would also
    wait for those that only warn. Not `eager()`: it waits until no partition is missing, and over the last partition
    alone it would not see the batch of an earlier version after a move back.
    """
    condition = dg.AutomationCondition
    return (
        condition.any_deps_updated().since_last_handled() & ~condition.any_deps_in_progress() & ~condition.in_progress()
    )


def _published(product: Product, settings: Settings) -> dg.AssetsDefinition:
    key = dg.AssetKey(names.asset_key(product.name, "published_predictions"))

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[
            dg.AssetDep(
                dg.AssetKey(names.asset_key(product.name, "predictions")), partition_mapping=dg.AllPartitionMapping()
            )
        ],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"parquet"},
        freshness_policy=freshness_policy(product.batch.freshness),
        check_specs=[freshness_check(key), readers_check(key)],
        automation_condition=_after_good_batches(),
        description=(
            f"What consumers read: the last good batch. {product.score.meaning} Valid range "
            f"{product.score.low:g} to {product.score.high:g} {product.score.unit}. Intended use: "
            f"{product.score.intended_use} Known limitations: {' '.join(product.score.known_limitations)}"
        ),
    )
    def published_predictions(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.batch.published_view import write_published_view

        at = run_facts(context).at
        return _shown(product, write_published_view(settings, product, at=at), at)

    return published_predictions


def _shown(product: Product, view: "PublishedView", at: dt.datetime) -> dg.MaterializeResult:
    max_age_hours = product.batch.freshness.max_age_hours
    return dg.MaterializeResult(
        data_version=dg.DataVersion(view.publication.digest),
        metadata={
            "dagster/row_count": view.publication.row_count,
            "path": dg.MetadataValue.path(str(view.path)),
            "as_of": view.age.as_of.isoformat(),
            "age_hours": view.age.hours,
            "max_age_hours": max_age_hours,
            "is_stale": view.age.is_stale,
            "allowed_actions": [] if view.age.is_stale else [action.name for action in product.actions],
            "release_id": view.publication.release_id,
            "revision": view.publication.revision,
        },
        check_results=[
            freshness_result(age_hours=view.age.hours, max_age_hours=max_age_hours, is_stale=view.age.is_stale),
            readers_result(product, at),
        ],
    )
