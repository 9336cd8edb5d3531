"""Small feature views, builds and settings for the tests of this package."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from platform_assets.settings import Settings

Row = Mapping[str, Any]


def at(day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(2011, 3, day, hour, minute, tzinfo=dt.UTC)


def write_contract(
    root: Path,
    view: str,
    columns: Mapping[str, str],
    *,
    keys: Sequence[str] = ("customer_id",),
    ttl_days: int = 90,
    version: int = 1,
) -> None:
    declared = {
        "entity": keys[0],
        "join_keys": list(keys),
        "event_time": "event_at",
        "max_age_hours": 48,
        "ttl_days": ttl_days,
        "owner": "team",
        "title": view,
        "version": version,
    }
    listed = [{"name": name, "data_type": kind, "description": name} for name, kind in columns.items()]
    model = {
        "name": view,
        "description": f"The view {view}.",
        "config": {"meta": {"feature_view": declared}},
        "columns": listed,
    }
    folder = root / "dbt_project" / "models" / "features"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{view}.yml").write_text(yaml.safe_dump({"models": [model]}, sort_keys=False), encoding="utf-8")


ORDERS = {"customer_id": "VARCHAR", "event_at": "TIMESTAMP", "order_count": "BIGINT", "order_gbp_mean": "DOUBLE"}


def settings_with_orders(root: Path, *, ttl_days: int = 90, version: int = 1) -> Settings:
    write_contract(root / "project", "customer_orders", ORDERS, ttl_days=ttl_days, version=version)
    return Settings(home=root / "home", project_root=root / "project", fsync=False)


def order_row(customer: str, event_at: dt.datetime, count: int | None = 1, mean: float | None = 1.0) -> Row:
    return {"customer_id": customer, "event_at": event_at, "order_count": count, "order_gbp_mean": mean}


def write_build(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as dbt does: instants as UTC without a zone."""
    names = list(rows[0])
    arrays = {name: _array([row[name] for row in rows]) for name in names}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays), path)
    return path


def _array(values: Sequence[Any]) -> pa.Array:
    if any(isinstance(value, dt.datetime) for value in values):
        return pa.array([v and v.replace(tzinfo=None) for v in values], type=pa.timestamp("us"))
    return pa.array(values)
