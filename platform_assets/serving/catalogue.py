"""What GET /v1/products tells: the contract that a consumer may rely on, and how fresh the answers are."""

import datetime as dt
from collections.abc import Callable

from platform_assets.contract.ages import is_fresh
from platform_assets.errors import UnknownProductError
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import ProductState, Releases
from platform_assets.serving.sources import FeatureSource
from platform_assets.serving.wire_products import Catalogue, Contract, FreshnessSeen, ProductSeen, ReleaseSeen

# The business time at which ages of a release's product are measured.
Clock = Callable[[LiveRelease], dt.datetime]


async def see_products(
    releases: Releases, features: FeatureSource, clock: Clock, *, is_shown: Callable[[str], bool] = lambda _: True
) -> Catalogue:
    """Return what every released product offers now, of those that are to be shown."""
    shown = [(name, state) for name, state in releases.states.items() if is_shown(name)]
    return Catalogue(products=[await _see(name, state, features, clock) for name, state in shown])


async def see_product(releases: Releases, features: FeatureSource, clock: Clock, product: str) -> ProductSeen:
    """Return what one product offers now; raises UnknownProductError."""
    state = releases.states.get(product)
    if state is None:
        raise UnknownProductError(product=product, known=", ".join(releases.states))
    return await _see(product, state, features, clock)


async def _see(product: str, state: ProductState, features: FeatureSource, clock: Clock) -> ProductSeen:
    live = state.live
    return ProductSeen(
        product=product,
        state=state.state,
        release=_release(live) if live else None,
        contract=_contract(live) if live else None,
        freshness=await _freshness(live, features, clock) if live else None,
        error=str(state.error) if state.error else None,
    )


def _release(live: LiveRelease) -> ReleaseSeen:
    release, manifest = live.release, live.bundle.manifest
    return ReleaseSeen(
        release_id=release.release_id,
        sequence=live.sequence,
        model_version=release.model_version,
        contract_version=release.contract_version,
        feature_version=manifest.feature_version,
        output_schema_version=manifest.output_schema_version,
        bundle_digest=release.bundle_digest,
        framework=manifest.framework,
        created_at=release.created_at,
        reason=release.reason,
    )


def _contract(live: LiveRelease) -> Contract:
    product, schema = live.product, live.schema
    return Contract(
        title=product.title,
        description=product.description,
        owner=product.owner,
        score=product.score,
        earlier_versions=live.release.earlier_versions,
        online=product.online,
        row_keys=schema.row_keys,
        fields=tuple(schema.fields.values()),
        stored_features=product.stored_columns,
        example_request={"product": product.name, "rows": [schema.example]},
    )


async def _freshness(live: LiveRelease, features: FeatureSource, clock: Clock) -> FreshnessSeen:
    snapshot, limit_s = await features.snapshot(live), float(live.age_limits_s.min())
    if snapshot is None:
        return FreshnessSeen(snapshot_id=None, as_of=None, max_age_seconds=limit_s)
    age_s = (clock(live) - snapshot.as_of).total_seconds()
    fresh = is_fresh(age_s, limit_s)
    return FreshnessSeen(
        snapshot_id=snapshot.snapshot_id,
        as_of=snapshot.as_of,
        max_age_seconds=limit_s,
        age_seconds=age_s,
        is_stale=not fresh,
        action_allowed=fresh,
        suppressed_actions=() if fresh else tuple(action.name for action in live.product.actions),
    )
