"""What Feast knows, generated from the contracts in dbt and the product files: nobody writes a definition twice."""

from collections.abc import Mapping, Sequence

from feast import Entity, FeatureService, FileSource, ValueType
from feast import FeatureView as FeastView
from feast.data_format import ParquetFormat
from feast.field import Field
from feast.types import Bool, FeastType, Float64, Int64, String, UnixTimestamp

from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product
from platform_assets.features.history_files import history_dir, history_glob
from platform_assets.features.view_contracts import EVENT_AT, KNOWN_AT, FeatureView, check_product
from platform_assets.settings import Settings

_TYPES: dict[str, FeastType] = {
    "VARCHAR": String,
    "TEXT": String,
    "BIGINT": Int64,
    "INTEGER": Int64,
    "DOUBLE": Float64,
    "FLOAT": Float64,
    "BOOLEAN": Bool,
    "TIMESTAMP": UnixTimestamp,
}
_VALUE_TYPES: dict[FeastType, ValueType] = {String: ValueType.STRING, Int64: ValueType.INT64}


def entities(views: Mapping[str, FeatureView]) -> dict[str, Entity]:
    """Return one Feast entity per join key, named as the key (Feast allows one key per entity)."""
    kinds = {key: _TYPES[view.type_of(key)] for view in views.values() for key in view.join_keys}
    return {
        key: Entity(name=key, join_keys=[key], value_type=_VALUE_TYPES[kind], description=f"The join key {key}.")
        for key, kind in kinds.items()
    }


def feast_views(settings: Settings, views: Mapping[str, FeatureView]) -> dict[str, FeastView]:
    """Return the feature views over the history files, by name."""
    keys = entities(views)
    return {name: _feast_view(settings, view, keys) for name, view in views.items()}


def feature_services(products: Sequence[Product], views: Mapping[str, FeastView]) -> dict[str, FeatureService]:
    """Return the stored features of each product as a feature service, by name."""
    services = (
        FeatureService(
            name=feature_service(product.name, product.features.version),
            features=[views[use.view][list(use.columns)] for use in product.features.views],
            description=product.description,
            owner=product.owner.email,
            tags={"product": product.name, "dataset": product.dataset},
        )
        for product in products
    )
    return {service.name: service for service in services}


def check_all(products: Sequence[Product], views: Mapping[str, FeatureView]) -> None:
    """Refuse products whose features do not exist, as check_product does, before Feast's own less clear errors."""
    for product in products:
        check_product(product, views)


def _feast_view(settings: Settings, view: FeatureView, keys: Mapping[str, Entity]) -> FeastView:
    source = FileSource(
        name=f"{view.name}_history",
        path=history_glob(history_dir(settings, view)),
        file_format=ParquetFormat(),
        timestamp_field=EVENT_AT,
        created_timestamp_column=KNOWN_AT,
        description=f"Append-only history of {view.name}.",
        owner=view.owner,
    )
    return FeastView(
        name=view.name,
        source=source,
        entities=[keys[key] for key in view.join_keys],
        ttl=view.ttl,
        schema=[
            Field(name=column.name, dtype=_TYPES[view.type_of(column.name)], description=column.description)
            for column in view.columns
            if column.name != view.event_time
        ],
        description=view.description,
        owner=view.owner,
        tags={
            "entity": view.entity,
            "title": view.title,
            "max_age_hours": f"{view.max_age_hours:g}",
            "version": str(view.version),
            **({} if view.offline_only is None else {"offline_only": view.offline_only}),
        },
    )
