"""The last published batch scores in the online store, for the endpoint to fall back on."""

import math
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.clock import BusinessClock, epoch_seconds
from platform_assets.contract.ages import Stamps, kept_until
from platform_assets.contract.names import last_batch_service
from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.inference.frame import Column
from platform_assets.online.layout import Manifest, ViewLayout, build_manifest
from platform_assets.online.snapshot_copy import KeySetTable, PackedSnapshot, pack_snapshot

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("score", "uncertainty", "as_of", "model_version", "output_schema_version", "kept_until")
_SECONDS_PER_HOUR = 3600.0


def pack_last_batch(
    product: Product, rows: "pa.Table", *, stamps: Stamps, clock: BusinessClock, snapshot_id: str
) -> PackedSnapshot:
    """Return the snapshot that maps each row key to score, uncertainty, as-of and the versions of model and output.

    `kept_until` is until when run and sources are young enough; minus infinity where the sources never were.
    """
    instant, until = epoch_seconds(stamps.as_of), kept_until(product, stamps, clock)
    values = np.column_stack(
        [
            _floats(rows, "score"),
            _floats(rows, "uncertainty"),
            np.full(rows.num_rows, instant),
            _floats(rows, "model_version"),
            _floats(rows, "output_schema_version"),
            np.full(rows.num_rows, -math.inf if until is None else epoch_seconds(until)),
        ]
    )
    # The keys are spelled from the frame, as the endpoint does, so that an instant reads the same on both sides.
    frame = to_frame(product, rows.select(list(product.entity.row_keys)))
    table = KeySetTable(
        key_columns=[frame[name] for name in product.entity.row_keys],
        event_times=np.full((rows.num_rows, 1), instant),
        values=values,
    )
    return pack_snapshot(_manifest(product), [table], as_of=instant, snapshot_id=snapshot_id)


def _manifest(product: Product) -> Manifest:
    view = ViewLayout(
        name="last_batch",
        join_keys=product.entity.row_keys,
        columns=COLUMNS,
        max_age_seconds=product.batch.freshness.max_age_hours * _SECONDS_PER_HOUR,
    )
    return build_manifest(last_batch_service(product.name), [view])


def _floats(rows: "pa.Table", name: str) -> Column:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    values: Column = rows.column(name).cast(pa.float64()).to_numpy()
    return values
