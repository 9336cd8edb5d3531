"""The table of outcomes: one row per prediction whose label is known, appended once and never changed."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platform_assets.lakehouse.grow import add_missing_columns
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import Condition, read_table
from platform_assets.lakehouse.table import open_table, table_exists
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

Mode = Literal["batch", "online"]
PARTITIONS = ("product", "mode", "predicted_date")


def outcomes_dir(settings: Settings) -> Path:
    """Return the folder of the table, for all products."""
    return settings.lake_dir / "outcomes"


def outcome_schema() -> "pa.Schema":
    """Return the columns of the table.

    `predicted_date` is the day of the answer, of a batch that of its as-of. `truth` is the label that came true,
    `error` the score less the truth (null for a class), `is_right` whether the label of the answer came true (null
    without a threshold). `value` is what it brought the business, where that is declared. `slices` names the declared
    slices it lies in. `known_at` is the business instant at which its windows were over, `joined_until` the one up to
    which was known when it was joined, `joined_at` the wall time. `sample_share` is the share of predictions that were
    looked at then.
    """
    import pyarrow as pa

    text, number, flag, instant = pa.string(), pa.float64(), pa.bool_(), pa.timestamp("us", tz="UTC")
    return pa.schema(
        {
            "prediction_id": text,
            "product": text,
            "mode": text,
            "predicted_date": pa.date32(),
            "release_id": text,
            "model_version": pa.int64(),
            "experiment_id": text,
            "variant": text,
            "entity_id": text,
            "row_key": text,
            "event_at": instant,
            "score": number,
            "label": text,
            "is_valid": flag,
            "fallback": text,
            "truth": number,
            "is_right": flag,
            "error": number,
            "value": number,
            "slices": pa.list_(text),
            "known_at": instant,
            "joined_until": instant,
            "joined_at": instant,
            "sample_share": number,
        }
    )


def next_commit(settings: Settings, product: str) -> int:
    """Return the number of the next commit of a product; ask before looking at what is known."""
    table = outcomes_dir(settings)
    seen = open_table(table).transaction_version(_app_id(product)) if table_exists(table) else None
    return (seen or 0) + 1


def known_ids(settings: Settings, product: str, days: Sequence[dt.date]) -> set[str]:
    """Return the predictions of these days whose outcome is in the table."""
    if not days or not table_exists(outcomes_dir(settings)):
        return set()
    filters = [("product", "=", product), ("predicted_date", "in", list(days))]
    known = read_table(outcomes_dir(settings), columns=["prediction_id"], filters=filters)
    return set(known.column("prediction_id").to_pylist())


def append_outcomes(
    settings: Settings, product: str, rows: "pa.Table", *, number: int, metadata: Mapping[str, str]
) -> bool:
    """Append rows as the commit of this number; False when another process took the number, and nothing was added.

    Raises ConcurrentCommitError (retryable) or LakeWriteError; after each the table is as before.
    """
    add_missing_columns(outcomes_dir(settings), rows.schema)
    appended = append_once(
        outcomes_dir(settings),
        rows,
        app_id=_app_id(product),
        version=number,
        partition_by=PARTITIONS,
        metadata=metadata,
        fsync=settings.fsync,
    )
    return appended.written


def read_outcomes(
    settings: Settings, product: str, *, columns: Sequence[str] | None = None, where: Sequence[Condition] = ()
) -> "pa.Table":
    """Return the outcomes of a product that meet all conditions; no rows where nothing was joined yet."""
    wanted = outcome_schema().names if columns is None else list(columns)
    if not table_exists(outcomes_dir(settings)):
        return outcome_schema().empty_table().select(wanted)
    return read_table(outcomes_dir(settings), columns=wanted, filters=[("product", "=", product), *where])


def _app_id(product: str) -> str:
    return f"outcomes/{product}"
