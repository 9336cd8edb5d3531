"""The products' on-demand features as Feast on-demand feature views, for people who ask Feast."""

from collections.abc import Mapping, Sequence

from feast import FeatureView as FeastView
from feast import OnDemandFeatureView, RequestSource
from feast.feature_view_projection import FeatureViewProjection
from feast.field import Field
from feast.transformation.pandas_transformation import PandasTransformation
from feast.transformation.udf_rehydrate import resolve_udf
from feast.types import FeastType, Float64, String, UnixTimestamp

from platform_assets.contract.features import FieldType
from platform_assets.contract.product import Product
from platform_assets.features.on_demand_frames import needed_inputs
from platform_assets.features.view_contracts import EVENT_AT, FeatureView

_TYPES: dict[FieldType, FeastType] = {
    "number": Float64,
    "integer": Float64,
    "boolean": Float64,
    "text": String,
    "timestamp": UnixTimestamp,
}
# Feast keeps a function as source text and compiles it when it reads the registry: the text only calls ours.
_SOURCE = """def {name}(inputs):
    from platform_assets.features.on_demand_frames import compute_on_demand

    return compute_on_demand("{product}", inputs)
"""


def on_demand_views(
    products: Sequence[Product], contracts: Mapping[str, FeatureView], views: Mapping[str, FeastView]
) -> dict[str, OnDemandFeatureView]:
    """Return one on-demand view per product that has on-demand features, named `<product>_on_demand`.

    Features that serve as join keys are left out: Feast takes those from the caller.
    """
    found = (_view(product, contracts, views) for product in products if product.on_demand)
    return {view.name: view for view in found if view is not None}


def _view(
    product: Product, contracts: Mapping[str, FeatureView], views: Mapping[str, FeastView]
) -> OnDemandFeatureView | None:
    keys = {key for use in product.features.views for key in contracts[use.view].join_keys}
    outputs = [feature for feature in product.on_demand if feature.name not in keys]
    if not outputs:
        return None
    name = f"{product.name}_on_demand"
    told = " ".join(f"{item.name}: {item.description}" for item in outputs)
    source = _SOURCE.format(name=name, product=product.name)
    return OnDemandFeatureView(
        name=name,
        sources=_sources(product, views),
        # Feast compares these with fields that it infers, which have no description: it stands in the view's instead.
        schema=[Field(name=item.name, dtype=Float64) for item in outputs],
        feature_transformation=PandasTransformation(
            udf=resolve_udf(udf_string=source, preferred_name=name), udf_string=source, name=name
        ),
        mode="pandas",
        description=f"{product.title}, computed from stored features and the request. {told}",
        owner=product.owner.email,
        tags={"product": product.name},
    )


def _sources(
    product: Product, views: Mapping[str, FeastView]
) -> list[FeastView | FeatureViewProjection | RequestSource]:
    needed = needed_inputs(product)
    stored = [
        views[use.view][[column for column in use.columns if column in needed]]
        for use in product.features.views
        if set(use.columns) & set(needed)
    ]
    kinds: dict[str, FieldType] = {EVENT_AT: "timestamp", **{field.name: field.type for field in product.request}}
    request = [Field(name=name, dtype=_TYPES[kinds[name]]) for name in needed if name in kinds]
    return [*stored, *([RequestSource(name=f"{product.name}_request", schema=request)] if request else [])]
