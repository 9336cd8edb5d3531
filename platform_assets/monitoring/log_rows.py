"""Rows of the prediction log table: one per logged answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.prediction_log import PredictionLogEntry

if TYPE_CHECKING:
    import pyarrow as pa

PARTITIONS = ("product", "predicted_date")


def log_rows(entries: Sequence[PredictionLogEntry]) -> "pa.Table":
    """Return one row per entry, in order; maps travel as JSON text, features as exact float64."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    rows = [
        {
            **msgspec.structs.asdict(entry),
            "row_keys": msgspec.json.encode(entry.row_keys, order="sorted").decode(),
            "request": msgspec.json.encode(entry.request, order="sorted").decode(),
            "predicted_date": entry.predicted_at.date(),
        }
        for entry in entries
    ]
    return pa.Table.from_pylist(rows, schema=_schema())


def _schema() -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    text, number, flag, whole = pa.string(), pa.float64(), pa.bool_(), pa.int64()
    instant = pa.timestamp("us", tz="UTC")
    return pa.schema(
        {
            "prediction_id": text,
            "request_id": text,
            "product": text,
            "entity_id": text,
            "row_keys": text,
            "event_at": instant,
            "as_of": instant,
            "predicted_at": instant,
            "predicted_date": pa.date32(),
            "score": number,
            "label": text,
            "confidence": number,
            "uncertainty": number,
            "is_valid": flag,
            "release_id": text,
            "model_version": whole,
            "feature_version": text,
            "output_schema_version": whole,
            "bundle_digest": text,
            "snapshot_id": text,
            "snapshot_epoch": whole,
            "features": pa.list_(number),
            "request": text,
            "fallback": text,
            "reason": text,
            "is_stale": flag,
            "action_allowed": flag,
            "engine": text,
            "device": text,
            "latency_ms": number,
            "cache_hit": flag,
            "experiment_id": text,
            "variant": text,
            "chosen": text,
            "unit": text,
            "sent": pa.list_(text),
            "streamed": pa.list_(text),
        }
    )
