"""Finds and changes the records of past predictions, as somebody with access to the disk could."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.audit.replay.replay import replay_one
from platform_assets.audit.replay.verdict import Replayed
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import open_table
from tests.unit.batch.batch_home import BatchHome

Change = Callable[[dict[str, Any]], None]


def batch_row(home: BatchHome, version: int = 1, place: int = 7) -> dict[str, Any]:
    table = read_table(home.settings.predictions_dir / "churn", filters=[("model_version", "=", version)])
    row: dict[str, Any] = table.sort_by("row_key").slice(place, 1).to_pylist()[0]
    return row


def answers(home: BatchHome, **wanted: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(home.settings.prediction_log_dir).to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def answer(home: BatchHome, **wanted: object) -> dict[str, Any]:
    return answers(home, **wanted)[0]


def change_row(table_dir: Path, prediction_id: str, change: Change) -> None:
    """Write another value into the file of a table, as somebody with access to the disk could."""
    for name in open_table(table_dir).file_uris():
        stored = pq.ParquetFile(name).read()
        rows = stored.to_pylist()
        for row in rows:
            if row["prediction_id"] == prediction_id:
                change(row)
                pq.write_table(pa.Table.from_pylist(rows, schema=stored.schema), name, compression="zstd")
                return
    raise AssertionError(prediction_id)


def change_batch(home: BatchHome, row: dict[str, Any], change: Change) -> Replayed:
    change_row(home.settings.predictions_dir / "churn", row["prediction_id"], change)
    return replay_one(home.settings, row["prediction_id"])


def change_answer(home: BatchHome, row: dict[str, Any], change: Change) -> Replayed:
    change_row(home.settings.prediction_log_dir, row["prediction_id"], change)
    return replay_one(home.settings, row["prediction_id"])


def setting(name: str, value: object) -> Change:
    return lambda row: row.__setitem__(name, value)


def next_bit(name: str) -> Change:
    return lambda row: row.__setitem__(name, math.nextafter(row[name], math.inf))


def verdict_of(replayed: Replayed) -> tuple[str, str | None]:
    return replayed.verdict, replayed.first_difference


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
