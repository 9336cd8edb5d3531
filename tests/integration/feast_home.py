"""A small platform home with histories of the real feature views, filled with seeded numbers."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.contract.product import Product
from platform_assets.features.history import append_history
from platform_assets.features.view_contracts import FeatureView, load_views
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

FIRST_DAY = dt.datetime(2011, 3, 1, tzinfo=dt.UTC)
DAYS = 6
CUSTOMERS = ("12346", "12347", "12348")
BAYS = ("BAY1", "BAY2")
Row = dict[str, Any]


def product(name: str) -> Product:
    return next(item for item in discover_products() if item.name == name)


def fill_home(settings: Settings, folder: Path) -> Settings:
    """Write staging and the histories of all views of the project; return the settings."""
    views = load_views(settings.project_root)
    makers: dict[str, Callable[[], Iterator[Row]]] = {
        "customer_orders": customer_rows,
        "parking_recent": bay_rows,
        "parking_slot_history": slot_rows,
    }
    for name, rows in makers.items():
        append_history(settings, name, write_build(views[name], list(rows()), folder), known_at=None)
    _write_staging(settings)
    return settings


def write_build(view: FeatureView, keys_and_times: list[Row], folder: Path) -> Path:
    """Write a build of a view; its features are seeded by key and time, a tenth of them missing."""
    rows = [_filled(view, row) for row in keys_and_times]
    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "TIMESTAMP": pa.timestamp("us")}
    schema = pa.schema([(column.name, kinds[view.type_of(column.name)]) for column in view.columns])
    path = folder / f"{view.name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def customer_rows() -> Iterator[Row]:
    for day in range(DAYS):
        for customer in CUSTOMERS:
            yield {"customer_id": customer, "event_at": FIRST_DAY + dt.timedelta(days=day)}


def bay_rows() -> Iterator[Row]:
    for day in range(DAYS):
        for bay in BAYS:
            for slot in range(16, 34):
                minutes = dt.timedelta(days=day, minutes=30 * slot + 1)
                yield {"parking_bay_id": bay, "event_at": FIRST_DAY + minutes}


def slot_rows() -> Iterator[Row]:
    for row in bay_rows():
        at = row["event_at"]
        yield {**row, "slot_number": (at.hour * 60 + at.minute) // 30}


def _filled(view: FeatureView, row: Row) -> Row:
    seeded = random.Random(repr(sorted(row.items())))  # noqa: S311 - test data, no secret
    values = {name: _value(view.type_of(name), seeded, row["event_at"]) for name in view.feature_names}
    return {name: _plain(value) for name, value in {**values, **row}.items()}


def _value(kind: str, seeded: random.Random, event_at: dt.datetime) -> dt.datetime | float | None:
    if seeded.random() < 0.1:
        return None
    if kind == "TIMESTAMP":
        return event_at - dt.timedelta(hours=seeded.randrange(1, 900))
    return seeded.randrange(1, 1000) if kind == "BIGINT" else seeded.random() * 100


def _plain(value: object) -> object:
    return _without_zone(value) if isinstance(value, dt.datetime) else value


def _without_zone(instant: dt.datetime) -> dt.datetime:
    return instant.replace(tzinfo=None)


def _write_staging(settings: Settings) -> None:
    settings.staging_dir.mkdir(parents=True)
    noon = _without_zone(FIRST_DAY) - dt.timedelta(hours=12)
    orders = [{"customer_id": customer, "ordered_at": noon} for customer in CUSTOMERS]
    spent = [{"customer_id": CUSTOMERS[0], "event_at": noon + dt.timedelta(days=4), "amount_gbp": 7.5}]
    pq.write_table(pa.Table.from_pylist(orders), settings.staging_dir / "orders.parquet")
    pq.write_table(pa.Table.from_pylist(spent), settings.staging_dir / "net_spend.parquet")
