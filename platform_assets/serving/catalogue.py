"""What GET /v1/products tells: the contract that a consumer may rely on, and how fresh the answers are."""

from collections.abc import Callable

from platform_assets.errors import UnknownProductError
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import ProductState, Releases
from platform_assets.serving.sources import FeatureSource
from platform_assets.serving.wire_products import Catalogue, Contract, FreshnessSeen, ProductSeen, ReleaseSeen


async def see_products(
    releases: Releases, features: FeatureSource, *, is_shown: Callable[[str], bool] = lambda _: True
) -> Catalogue:
    """Return what every released product offers now, of those that are to be shown."""
    shown = [(name, state) for name, state in releases.states.items() if is_shown(name)]
    return Catalogue(products=[await _see(name, state, features) for name, state in shown])


async def see_product(releases: Releases, features: FeatureSource, product: str) -> ProductSeen:
    """Return what one product offers now; raises UnknownProductError."""
    state = releases.states.get(product)
    if state is None:
        raise UnknownProductError(product=product, known=", ".join(releases.states))
    return await _see(product, state, features)


async def _see(product: str, state: ProductState, features: FeatureSource) -> ProductSeen:
    live = state.live
    return ProductSeen(
        product=product,
        state=state.state,
        release=_release(live) if live else None,
        contract=_contract(live) if live else None,
        freshness=await _freshness(live, features) if live else None,
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
        online=product.online,
        row_keys=schema.row_keys,
        fields=tuple(schema.fields.values()),
        stored_features=product.stored_columns,
        example_request={"product": product.name, "rows": [schema.example]},
    )


async def _freshness(live: LiveRelease, features: FeatureSource) -> FreshnessSeen:
    snapshot = await features.snapshot(live)
    return FreshnessSeen(
        snapshot_id=snapshot.snapshot_id if snapshot else None,
        as_of=snapshot.as_of if snapshot else None,
        max_age_seconds=float(live.age_limits_s.min()),
    )
