"""Streamed features as Dagster shows them: the log of events, and each night's reconciliation with the batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.streaming.rebuild import Rebuilt
    from platform_assets.monitoring.streaming.reconcile import Reconciliation

AGREES_CHECK = "agrees_with_batch"
EVENT_LOG = "event_log"


def takes_events(product: Product) -> bool:
    """Tell whether events refresh features of a product."""
    return product.online is not None and product.online.streaming is not None


def event_log_asset(settings: Settings, products: Sequence[Product]) -> dg.AssetsDefinition:
    """Return the asset that moves accepted events of all products into the lake."""
    taking = [product.name for product in products if takes_events(product)]

    @dg.asset(
        key=dg.AssetKey(EVENT_LOG),
        group_name="serving",
        owners=["team:data-platform"],
        kinds={"deltalake", "redis"},
        description=(
            "Every event that the platform has accepted, with its instant and what it told. Drained exactly once from "
            "the streams of the online store; a row is one event. From it what was counted can be counted again."
        ),
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
    )
    def event_log(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.streaming.event_log import drain_events

        drained = drain_events(settings, open_ledger(settings.ledger_dsn), taking, at=run_facts(context).at)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": drained.rows,
                "repeated": drained.repeated,
                "unreadable": drained.unreadable,
            }
        )

    return event_log


def streaming_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the nightly reconciliation of a product that takes in events, nothing for the others."""
    if product.online is None or product.online.streaming is None:
        return []
    streaming = product.online.streaming
    key = dg.AssetKey(names.asset_key(product.name, "streamed_features"))

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[dg.AssetKey(names.asset_key(product.name, "online_snapshot"))],
        owners=[owner_of(product.online.owner)],
        tags=tags_of(product),
        kinds={"redis"},
        check_specs=[
            dg.AssetCheckSpec(
                AGREES_CHECK, asset=key, description="What events told of the closed day is what the batch computes."
            )
        ],
        description=(
            f"What the endpoint adds to the snapshot of {streaming.view} from events ({streaming.event}). Each night "
            "what events told of the closed day is compared with what the batch computes from raw, bucket by bucket; "
            "then the batch has its way, and events are added to what it knows. Events that the store has lost are "
            "taken from the log again."
        ),
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
    )
    def streamed_features(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.streaming.rebuild import rebuild_states
        from platform_assets.monitoring.streaming.reconcile import reconcile

        at = run_facts(context).at
        as_of = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)
        rebuilt = rebuild_states(settings, open_ledger(settings.ledger_dsn), product, streaming, at=at)
        found = reconcile(settings, product, streaming, as_of=as_of)
        return dg.MaterializeResult(metadata=_metadata(streaming, found, rebuilt), check_results=[_check(found)])

    return [streamed_features]


def _check(found: "Reconciliation") -> dg.AssetCheckResult:
    is_wrong = found.mismatch + found.extra > 0
    return dg.AssetCheckResult(
        check_name=AGREES_CHECK,
        passed=found.agrees,
        # What only the batch has was not sent as events, which a producer may leave to the batch.
        severity=dg.AssetCheckSeverity.ERROR if is_wrong else dg.AssetCheckSeverity.WARN,
        metadata=_counts(found),
        description="; ".join(found.examples) or None if found.streamed else "no event of that day was accepted",
    )


def _metadata(streaming: StreamingFeatures, found: "Reconciliation", rebuilt: "Rebuilt") -> dict[str, dg.MetadataValue]:
    return {
        **_counts(found),
        "event": dg.MetadataValue.text(streaming.event),
        "closed_until": dg.MetadataValue.text(found.closed_until.isoformat()),
        "entities": dg.MetadataValue.int(found.entities),
        "events_restored": dg.MetadataValue.int(rebuilt.restored),
        "events_unusable": dg.MetadataValue.int(rebuilt.unusable),
    }


def _counts(found: "Reconciliation") -> dict[str, dg.MetadataValue]:
    return {
        "day": dg.MetadataValue.text(found.day.isoformat()),
        "match": dg.MetadataValue.int(found.match),
        "mismatch": dg.MetadataValue.int(found.mismatch),
        "missing": dg.MetadataValue.int(found.missing),
        "extra": dg.MetadataValue.int(found.extra),
    }
