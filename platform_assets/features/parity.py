"""Compares the platform's point-in-time join with Feast's own DuckDB join on a sample of real examples."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product
from platform_assets.features.feast_store import FEAST_OWN_JOIN, apply_definitions, open_store
from platform_assets.features.point_in_time import join_features, with_join_keys
from platform_assets.features.view_contracts import EVENT_AT, load_views
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 10_000  # Feast's join is an inequality join: its cost grows with the snapshots within the time to live


@dataclass(frozen=True, slots=True)
class JoinParity:
    """How many cells of how many rows differ, and one of them in words where any does."""

    rows: int
    cells: int
    differing: int
    first_difference: str | None

    @property
    def is_equal(self) -> bool:
        """Whether both joins gave the same values in every cell, to the last bit."""
        return self.differing == 0


def check_join_parity(
    settings: Settings, product: Product, examples: "pa.Table", *, seed: int, most_rows: int = MOST_ROWS
) -> JoinParity:
    """Join a sample of the examples both ways, both by event time and by when a value became known, and compare.

    The same seed takes the same rows. `examples` are as run_population returns them; what join_features raises comes
    through.
    """
    sample = _sample(examples, seed, most_rows)
    ours = join_features(settings, product, sample).select(product.stored_columns)
    theirs = _feast_join(settings, product, sample).select(product.stored_columns)
    return _compare(ours, theirs, sample)


def _sample(examples: "pa.Table", seed: int, most_rows: int) -> "pa.Table":
    count = min(most_rows, examples.num_rows)
    chosen = sorted(random.Random(seed).sample(range(examples.num_rows), count))  # noqa: S311 - a sample, no secret
    return examples.take(chosen)


def _feast_join(settings: Settings, product: Product, sample: "pa.Table") -> "pa.Table":
    apply_definitions(settings)
    store = open_store(settings, offline_store=FEAST_OWN_JOIN)
    views = load_views(settings.project_root)
    keys = dict.fromkeys(key for use in product.features.views for key in views[use.view].join_keys)
    asked = with_join_keys(product, views, sample).select(["row_id", EVENT_AT, *keys])
    job = store.get_historical_features(
        entity_df=asked.rename_columns(["row_id", "event_timestamp", *keys]).to_pandas(),
        features=store.get_feature_service(feature_service(product.name, product.features.version)),
        filter_by_created_timestamp=True,
    )
    return job.to_arrow().sort_by("row_id")


def _compare(ours: "pa.Table", theirs: "pa.Table", sample: "pa.Table") -> JoinParity:

    differing, first = 0, None
    for name in ours.column_names:
        rows = _different_rows(ours.column(name), theirs.column(name))
        if len(rows) and first is None:
            row = rows[0]
            values = ours.column(name)[row].as_py(), theirs.column(name)[row].as_py()
            first = f"row_id {sample.column('row_id')[row].as_py()}, {name}: {values[0]} here, {values[1]} by Feast"
        differing += len(rows)
    return JoinParity(ours.num_rows, ours.num_rows * ours.num_columns, differing, first)


def _different_rows(ours: "pa.ChunkedArray", theirs: "pa.ChunkedArray") -> "list[int]":
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    theirs = theirs.cast(ours.type)
    is_same = pc.fill_null(pc.equal(ours, theirs), fill_value=False)
    are_absent = pc.and_(pc.is_null(ours, nan_is_null=True), pc.is_null(theirs, nan_is_null=True))
    found: list[int] = pc.indices_nonzero(pc.invert(pc.or_(is_same, are_absent))).to_pylist()
    return found
