"""Training sets: who, what was known of them then, and what came true, joined point in time through Feast."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product
from platform_assets.features.content_digest import content_digest
from platform_assets.features.feast_store import apply_definitions
from platform_assets.features.point_in_time import with_join_keys
from platform_assets.features.population import label_examples, run_population
from platform_assets.features.view_contracts import EVENT_AT, check_product, load_views
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Labelled examples, the sha256 of what they say and the file that keeps them."""

    table: "pa.Table"
    digest: str
    path: Path


def build_training_set(
    settings: Settings, product: Product, *, as_ofs: Sequence[dt.datetime], known_until: dt.datetime
) -> TrainingSet:
    """Return and keep the examples at the as-ofs; the same sources give the same digest and file.

    Columns: row_id, as_of, event_at, row keys, request fields, stored features, `label`. Instants are
    timestamp[us, UTC]. A label whose window ends after `known_until` is null. Raises what run_population,
    label_examples and check_product raise, and NotMaterializedError for a view without history.
    """
    examples = run_population(settings, product, product.examples_sql, as_ofs)
    featured = retrieve_features(settings, product, examples)
    labels = label_examples(settings, product, examples).column("label")
    table = featured.append_column("label", _known_only(labels, examples.column(EVENT_AT), product, known_until))
    digest = content_digest(table)
    return TrainingSet(table=table, digest=digest, path=_keep(settings, product, table, digest))


def retrieve_features(settings: Settings, product: Product, examples: "pa.Table") -> "pa.Table":
    """Return the examples with the stored features that Feast's `get_historical_features` finds for them."""
    views = load_views(settings.project_root)
    check_product(product, views)
    keys = dict.fromkeys(key for use in product.features.views for key in views[use.view].join_keys)
    asked = with_join_keys(product, views, examples).select(["row_id", EVENT_AT, *keys])
    store = apply_definitions(settings)
    service = store.get_feature_service(feature_service(product.name, product.features.version))
    # Only keys go through pandas: it has no integer with missing values, and the examples keep their types.
    found = store.get_historical_features(entity_df=asked.to_pandas(), features=service).to_arrow()
    for name in product.stored_columns:
        examples = examples.append_column(name, found.column(name))
    return examples


def _known_only(
    labels: "pa.ChunkedArray", event_at: "pa.ChunkedArray", product: Product, known_until: dt.datetime
) -> "pa.ChunkedArray":
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415

    latest = known_until - dt.timedelta(hours=product.label.horizon_hours)
    is_known = pc.less_equal(event_at, pa.scalar(latest, type=event_at.type))
    return pc.if_else(is_known, labels, pa.scalar(None, type=pa.float64()))


def _keep(settings: Settings, product: Product, table: "pa.Table", digest: str) -> Path:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    path = settings.training_dir / product.name / f"{digest[:16]}.parquet"
    if not path.exists():
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, sink.getvalue().to_pybytes(), fsync=settings.fsync)
    return path
