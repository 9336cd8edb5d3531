"""Opens the Feast feature store of a platform home and keeps its definitions those of the declarations."""

import fcntl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from platform_assets.features.quick_feast import import_feast
from platform_assets.features.view_contracts import load_views
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore

_DUMMY_ENTITY = "__dummy"  # Feast's own
PROJECT = "platform"
REGISTRY_FILE = "registry.db"
_HERE = "platform_assets.features"
PLATFORM_JOIN = f"{_HERE}.offline_store.AsofOfflineStore"
FEAST_OWN_JOIN = "duckdb"  # only to compare with: see parity.py


def open_store(settings: Settings, *, offline_store: str = PLATFORM_JOIN) -> "FeatureStore":
    """Return the feature store over this home; nothing is applied. The first call of a process imports Feast."""
    import_feast()
    from feast import FeatureStore  # noqa: PLC0415 - seconds to import
    from feast.repo_config import RegistryConfig, RepoConfig  # noqa: PLC0415

    registry = RegistryConfig(
        registry_type="file",
        registry_store_type=f"{_HERE}.registry_store.HomeRegistryStore",
        path=str(settings.feast_dir / REGISTRY_FILE),
        cache_ttl_seconds=0,
        serve_features_while_materializing=True,
    )
    return FeatureStore(
        config=RepoConfig(
            project=PROJECT,
            provider="local",
            registry=registry,
            offline_store={"type": offline_store},
            online_store={"type": f"{_HERE}.online_store.PackedOnlineStore", "url": settings.online_url},
            entity_key_serialization_version=3,
        )
    )


def definitions(settings: Settings) -> list[Any]:
    """Return everything that Feast is told: entities, sources, views, services and on-demand views.

    Raises what load_views and check_product raise.
    """
    import_feast()
    from platform_assets.features.feast_definitions import (  # noqa: PLC0415 - imports Feast
        check_all,
        entities,
        feast_views,
        feature_services,
    )
    from platform_assets.features.on_demand_views import on_demand_views  # noqa: PLC0415

    contracts, products = load_views(settings.project_root), discover_products()
    check_all(products, contracts)
    views = feast_views(settings, contracts)
    computed = on_demand_views(products, contracts, views)
    services = feature_services(products, views)
    return [*entities(contracts).values(), *views.values(), *computed.values(), *services.values()]


def apply_definitions(settings: Settings) -> "FeatureStore":
    """Make Feast's registry say what the declarations say and return the store; repeating it changes nothing."""
    told = definitions(settings)
    store = open_store(settings)
    with _sole_applier(settings), warnings.catch_warnings():
        # Our on-demand views are for questions of people; nothing that must scale goes through them.
        warnings.filterwarnings("ignore", "On demand feature view is an experimental", RuntimeWarning)
        store.apply(told, objects_to_delete=_gone(store, told), partial=False)
    return store


def _gone(store: "FeatureStore", told: list[Any]) -> list[Any]:
    """Return what the registry still has of declarations that are gone."""
    kept = {(type(item).__name__, item.name) for item in told}
    registered: tuple[Any, ...] = (
        *store.list_feature_services(),
        *store.list_on_demand_feature_views(),
        *store.list_batch_feature_views(),
        *store.list_entities(),
    )
    return [item for item in registered if (type(item).__name__, item.name) not in kept and item.name != _DUMMY_ENTITY]


@contextmanager
def _sole_applier(settings: Settings) -> Iterator[None]:
    # Feast reads the registry, changes it and writes it: two at once would lose one of the changes.
    settings.feast_dir.mkdir(parents=True, exist_ok=True)
    with (settings.feast_dir / ".apply.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
