"""What a product that opts into online answers needs: its snapshot in the online store, and the endpoint's release."""

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.online import Online
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Freshness
from platform_assets.orchestration.dependencies import source_deps
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.promises import freshness_check, freshness_policy, freshness_result
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings


def online_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return snapshot and endpoint of a product with an online block, nothing for the others."""
    if product.online is None:
        return []
    return [_online_snapshot(product, product.online, settings), _endpoint(product, product.online, settings)]


def _online_snapshot(product: Product, online: Online, settings: Settings) -> dg.AssetsDefinition:
    key = dg.AssetKey(names.asset_key(product.name, "online_snapshot"))
    warn_hours = online.max_feature_age_hours * 0.8

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[*source_deps(product), dg.AssetKey(names.asset_key(product.name, "published_predictions"))],
        owners=[owner_of(online.owner)],
        tags=tags_of(product),
        kinds={"redis"},
        freshness_policy=freshness_policy(Freshness(max_age_hours=online.max_feature_age_hours, warn_hours=warn_hours)),
        check_specs=[freshness_check(key)],
        description=(
            f"The newest stored features of each {product.entity.name} in the online store, as one numbered snapshot "
            "that is switched in whole and can be rolled back, beside the last published batch score for fallbacks. "
            "Only changed rows are written."
        ),
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
    )
    def online_snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.batch.online_publication import publish_online
        from platform_assets.ledger.database import open_ledger

        published = publish_online(settings, open_ledger(settings.ledger_dsn), product, run_facts(context))
        return dg.MaterializeResult(
            data_version=dg.DataVersion(published.snapshot_id),
            metadata=published.as_metadata(),
            check_results=[freshness_result(age_hours=published.lag_hours, max_age_hours=online.max_feature_age_hours)],
        )

    return online_snapshot


def _endpoint(product: Product, online: Online, settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey(names.asset_key(product.name, "endpoint")),
        group_name=product.name,
        deps=[
            dg.AssetKey(names.asset_key(product.name, "release")),
            dg.AssetKey(names.asset_key(product.name, "online_snapshot")),
        ],
        owners=[owner_of(online.owner)],
        tags=tags_of(product),
        kinds={"starlette"},
        description=(
            "The release that the HTTP endpoint serves. The endpoint loads the bundle, checks its digests, warms up, "
            "scores a test row and only then switches; when it refuses, the release before is put back in force."
        ),
    )
    def endpoint(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.errors import DeploymentError
        from platform_assets.ledger.database import open_ledger
        from platform_assets.registry.in_force import follow_pointer
        from platform_assets.serving.deployment import deploy

        facts = run_facts(context)
        try:
            deployed = deploy(settings, product.name, at=facts.at)
        except DeploymentError as error:
            # It may have put the release before back: what people and audits read says so too.
            ledger = open_ledger(settings.ledger_dsn)
            follow_pointer(settings, ledger, product.name, facts, moved_by="endpoint", reason=str(error))
            raise
        return dg.MaterializeResult(data_version=dg.DataVersion(deployed.release_id), metadata=deployed.as_metadata())

    return endpoint
