"""The newest known features per entity, in the form in which the online store publishes them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.contract.features import FeatureViewUse
from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.features.asof_join import ViewJoin, asof_join, history_on_days
from platform_assets.features.frames import to_frame
from platform_assets.features.history_files import history_dir
from platform_assets.features.memory_database import memory_database, name_list, parquet_scan
from platform_assets.features.view_contracts import EVENT_AT, FeatureView, check_product, load_views
from platform_assets.online.layout import KeySetLayout, Manifest, ViewLayout, build_manifest
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class LatestRows:
    """The manifest of a product's feature service and the rows of each of its key sets, in manifest order."""

    manifest: Manifest
    tables: list[KeySetTable]


def feature_manifest(settings: Settings, product: Product) -> Manifest:
    """Return the layout of the product's stored features: what a bundle keeps and what a snapshot is packed by.

    Raises what load_views and check_product raise.
    """
    return _manifest(product, _views_of(settings, product))


def latest_rows(settings: Settings, product: Product, *, as_of: dt.datetime) -> LatestRows:
    """Return per entity the newest row of each view that was known at the as-of and is within its time to live.

    It is the join of training and batch at that instant, over every entity that the histories name. Raises
    NotMaterializedError when a view has no history or nothing at all was known.
    """
    views = _views_of(settings, product)
    manifest = _manifest(product, views)
    tables = [_key_set_table(settings, product, views, key_set, as_of) for key_set in manifest.key_sets]
    if not any(len(table.values) for table in tables):
        what = f"a row of {manifest.service} known at {as_of.isoformat()}"
        raise NotMaterializedError(what=what, asset=f"features/{manifest.views[0].name}")
    return LatestRows(manifest=manifest, tables=tables)


def _views_of(settings: Settings, product: Product) -> Mapping[str, FeatureView]:
    views = load_views(settings.project_root)
    check_product(product, views)
    return views


def _manifest(product: Product, views: Mapping[str, FeatureView]) -> Manifest:
    service = feature_service(product.name, product.features.version)
    return build_manifest(service, [_layout(views[use.view], use) for use in product.features.views])


def _layout(view: FeatureView, use: FeatureViewUse) -> ViewLayout:
    max_age_seconds = view.max_age_hours * _SECONDS_PER_HOUR
    return ViewLayout(
        name=view.name,
        join_keys=view.join_keys,
        columns=use.columns,
        version=view.version,
        max_age_seconds=max_age_seconds,
    )


def _key_set_table(
    settings: Settings,
    product: Product,
    views: Mapping[str, FeatureView],
    key_set: KeySetLayout,
    as_of: dt.datetime,
) -> KeySetTable:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    joins = [_join(settings, views[layout.name], layout) for layout in key_set.views]
    joined = asof_join(_entities(joins, key_set.join_keys, as_of), joins)
    times = [_time_of(layout.name) for layout in key_set.views]
    is_known = reduce(pc.or_, (joined.column(name).is_valid() for name in times))
    known = joined.filter(is_known)
    return KeySetTable(
        key_columns=[known.column(key).to_pylist() for key in key_set.join_keys],
        event_times=_matrix(product, known, times),
        values=_matrix(product, known, key_set.columns),
    )


def _join(settings: Settings, view: FeatureView, layout: ViewLayout) -> ViewJoin:
    return ViewJoin(
        view=view.name,
        directory=history_dir(settings, view),
        join_keys={key: key for key in view.join_keys},
        columns={EVENT_AT: _time_of(view.name), **{column: column for column in layout.columns}},
        ttl=view.ttl,
    )


def _time_of(view: str) -> str:
    return f"{view}__{EVENT_AT}"


def _entities(joins: Sequence[ViewJoin], keys: Sequence[str], as_of: dt.datetime) -> "pa.Table":
    """Return every combination of key values that a history names near the as-of, each at the as-of."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    today = as_of.astimezone(dt.UTC).date()
    files = [path for join in joins for path in history_on_days(join.directory, join.view, [(today, today)], join.ttl)]
    with memory_database() as database:
        if not files:
            return pa.table({**{key: pa.nulls(0, pa.string()) for key in keys}, EVENT_AT: _instants(as_of, 0)})
        order = name_list(list(keys))
        found = database.execute(
            f"select distinct {order} from {parquet_scan(files)} order by {order}"
        ).to_arrow_table()
    return found.append_column(EVENT_AT, _instants(as_of, found.num_rows))


def _instants(as_of: dt.datetime, count: int) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return pa.array([as_of] * count, type=pa.timestamp("us", tz="UTC"))


def _matrix(
    product: Product, table: "pa.Table", columns: Sequence[str]
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    frame = to_frame(product, table.select(list(columns)))
    return np.column_stack([frame[name] for name in columns]).astype("<f8")
