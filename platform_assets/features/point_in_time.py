"""Stored features for examples, as they were known at each example's instant."""

from typing import TYPE_CHECKING

from platform_assets.contract.features import FeatureViewUse
from platform_assets.contract.product import Product
from platform_assets.features.asof_join import ViewJoin, asof_join
from platform_assets.features.frames import to_frame
from platform_assets.features.history_files import history_dir
from platform_assets.features.view_contracts import FeatureView, check_product, load_views
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


def join_features(settings: Settings, product: Product, examples: "pa.Table") -> "pa.Table":
    """Return the examples in their order with the stored features of the product, null where nothing was known.

    `examples` has `event_at` (an instant), the row keys and the request fields. Join keys that the product computes on
    demand are computed by the same function as online, and not returned. Raises NotMaterializedError for a view
    without history, and what check_product raises.
    """
    views = load_views(settings.project_root)
    check_product(product, views)
    keyed = with_join_keys(product, views, examples)
    joined = asof_join(keyed, [_view_join(settings, views[use.view], use) for use in product.features.views])
    return joined.select([*examples.column_names, *product.stored_columns])


def with_join_keys(product: Product, views: "Mapping[str, FeatureView]", examples: "pa.Table") -> "pa.Table":
    """Return the examples with the join keys that come from the request by an on-demand feature, typed as stored."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    needed = {key: views[use.view] for use in product.features.views for key in views[use.view].join_keys}
    absent = [key for key in needed if key not in examples.column_names]
    if not absent:
        return examples
    computed = apply_on_demand(product.on_demand, to_frame(product, examples), known_only=True, product=product.name)
    for key in absent:
        column = pa.array(computed[key], from_pandas=True)
        is_integer = needed[key].type_of(key) in {"BIGINT", "INTEGER"}
        examples = examples.append_column(key, column.cast(pa.int64()) if is_integer else column)
    return examples


def _view_join(settings: Settings, view: FeatureView, use: FeatureViewUse) -> ViewJoin:
    return ViewJoin(
        view=view.name,
        directory=history_dir(settings, view),
        join_keys={key: key for key in view.join_keys},
        columns={column: column for column in use.columns},
        ttl=view.ttl,
    )
