"""How the endpoint finds out whether it is well: every product and every component is looked at."""

from platform_assets.serving.health import Component, Health, ProductHealth, Standing
from platform_assets.serving.releases import Releases
from platform_assets.serving.sources import FeatureSource


async def examine(releases: Releases, features: FeatureSource, components: dict[str, Component]) -> Health:
    """Return the health of every product and component.

    A store that is away degrades and does not unready: each served product declares a fallback.
    """
    products = {name: await _product_health(releases, features, name) for name in releases.states}
    everything: list[Component] = [*products.values(), *components.values()]
    is_ready = any(each.release_id for each in products.values()) and all(
        each.state != "failed" for each in products.values()
    )
    is_well = all(each.status == "ok" for each in everything)
    status: Standing = "failing" if not is_ready else "ok" if is_well else "degraded"
    return Health(status=status, is_ready=is_ready, products=products, components=components)


async def _product_health(releases: Releases, features: FeatureSource, product: str) -> ProductHealth:
    state = releases.states[product]
    live = state.live
    if live is None:
        is_failed = state.error is not None
        detail = str(state.error) if is_failed else "released for batch only"
        standing: Standing = "failing" if is_failed else "ok"
        return ProductHealth(status=standing, detail=detail, state=state.state, release_id=None)
    release_id = live.release.release_id
    if state.error is not None:
        return ProductHealth(status="degraded", detail=str(state.error), state=state.state, release_id=release_id)
    if state.split is not None and state.split.off is not None:
        off = state.split.off
        detail = f"switched off since {off.at.isoformat(timespec='seconds')} by {off.by}: {off.reason}"
        return ProductHealth(status="degraded", detail=detail, state=state.state, release_id=release_id)
    if await features.snapshot(live) is None:
        detail = f"no online snapshot can be read; answers fall back to {', '.join(live.release.fallbacks)}"
        return ProductHealth(status="degraded", detail=detail, state=state.state, release_id=release_id)
    return ProductHealth(status="ok", detail="loaded and tested", state=state.state, release_id=release_id)
