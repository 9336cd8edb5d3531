"""Logged answers of a release as a sample: what its model was given, and what it said."""

import datetime as dt

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.inference.logged_inputs import are_readable, frame_of
from platform_assets.inference.release import Release
from platform_assets.lakehouse.read import scan_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.monitoring.drift.samples import Sample, sample_of
from platform_assets.settings import Settings

LIVE_DAYS = 7
_COLUMNS = ("row_keys", "request", "features", "event_at", "score")


def answered_sample(
    settings: Settings, product: Product, release: Release, *, since: dt.datetime, until: dt.datetime
) -> Sample:
    """Return what the model of a release answered from `since` until before `until`; no rows where nothing was drained.

    Answers of fallbacks are left out, and rows that cannot be read.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - half a second

    empty = Sample({}, np.empty(0), 0)
    if not table_exists(settings.prediction_log_dir):
        return empty
    where = (
        (pc.field("product") == product.name)
        & (pc.field("predicted_date") >= since.date())
        & (pc.field("predicted_at") >= since)
        & (pc.field("predicted_at") < until)
        & (pc.field("release_id") == release.release_id)
        & (pc.field("fallback") == "none")
    )
    partitions = [("product", "=", product.name)]
    parts = scan_table(settings.prediction_log_dir, columns=_COLUMNS, partitions=partitions, where=where)
    rows = [row for part in parts for row in part.to_pylist()]
    rows = [row for row, is_fine in zip(rows, are_readable(product, rows), strict=True) if is_fine]
    if not rows:
        return empty
    scores = np.array([np.nan if row["score"] is None else row["score"] for row in rows], dtype=np.float64)
    return sample_of(product, frame_of(product, rows), scores)
