"""The rows of a prediction table: one schema for every product, plus the row keys by their own names."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.inference.scoring import Scored, label_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class BatchIdentity:
    """What a batch is: its release, the inputs it was scored from and the run that scored it."""

    as_of: dt.datetime
    release: Release
    training_run_id: str
    feature_version: str
    input_artifact: str
    run_id: str
    predicted_at: dt.datetime


def prediction_rows(product: Product, inputs: "pa.Table", scored: Scored, batch: BatchIdentity) -> "pa.Table":
    """Return the rows to publish, one per input row and in its order (R082-R086, R135-R137).

    The prediction id depends on product, as-of, row key, release and inputs alone, so a retry yields the same ids.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it

    keys = [inputs.column(name).to_pylist() for name in product.entity.row_keys]
    row_keys = [names.row_key(values) for values in zip(*keys, strict=True)]
    n_rows = inputs.num_rows
    instant = pa.timestamp("us", tz="UTC")

    def constant(value: object, kind: "pa.DataType") -> "pa.Array":
        return pa.repeat(pa.scalar(value, type=kind), n_rows)

    columns = {
        "prediction_id": pa.array(_prediction_ids(product, batch, row_keys), pa.string()),
        "product": constant(product.name, pa.string()),
        "entity_id": pa.array([str(value) for value in keys[0]], pa.string()),
        "row_key": pa.array(row_keys, pa.string()),
        **{name: inputs.column(name).combine_chunks() for name in product.entity.row_keys},
        "as_of": constant(batch.as_of, instant),
        "event_at": inputs.column("event_at").combine_chunks().cast(instant),
        "prediction_date": constant(batch.as_of.date(), pa.date32()),
        "predicted_at": constant(batch.predicted_at, instant),
        "score": _floats(scored.score),
        "label": pa.array([label_of(product, value) for value in scored.score.tolist()], pa.string()),
        "uncertainty": _floats(scored.uncertainty),
        "is_valid": pa.array(scored.is_valid),
        "model_version": constant(batch.release.model_version, pa.int64()),
        "feature_version": constant(batch.feature_version, pa.string()),
        "output_schema_version": constant(product.score.schema_version, pa.int64()),
        "training_run_id": constant(batch.training_run_id, pa.string()),
        "release_id": constant(batch.release.release_id, pa.string()),
        "bundle_digest": constant(batch.release.bundle_digest, pa.string()),
        "input_artifact": constant(batch.input_artifact, pa.string()),
        "run_id": constant(batch.run_id, pa.string()),
    }
    return pa.table(columns)


def with_digest(rows: "pa.Table", digest: str) -> "pa.Table":
    """Return the rows with the digest of their batch, by which readers tell revisions apart."""
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it

    return rows.append_column("batch_digest", pa.repeat(pa.scalar(digest), rows.num_rows))


def _prediction_ids(product: Product, batch: BatchIdentity, row_keys: list[str]) -> list[str]:
    made_from = {"release_id": batch.release.release_id, "input_artifact": batch.input_artifact}
    return [names.batch_prediction_id(product.name, batch.as_of, key, **made_from) for key in row_keys]


def _floats(values: "np.ndarray") -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it

    return pa.array(values, type=pa.float64(), mask=np.isnan(values))
