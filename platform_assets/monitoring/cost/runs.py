"""What each batch and each training used and cost, kept in a table; one row per run and product."""

import datetime as dt
from typing import Literal

import msgspec

from platform_assets.cost_settings import CostSettings
from platform_assets.errors import NotMaterializedError
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.monitoring.cost.meter import Meter
from platform_assets.monitoring.cost.use import cost_of
from platform_assets.settings import Settings

RunMode = Literal["batch", "training"]


class RunUse(msgspec.Struct, frozen=True, kw_only=True):
    """What one run used, and its cost at the prices of then; `rows` are predictions or examples."""

    product: str
    mode: RunMode
    run_id: str
    at: dt.datetime
    rows: int
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: float
    cost: float
    currency: str


def run_use(
    meter: Meter, prices: CostSettings, *, product: str, mode: RunMode, run_id: str, at: dt.datetime, rows: int
) -> RunUse:
    """Return what a meter read as the record of a run."""
    return RunUse(
        product=product,
        mode=mode,
        run_id=run_id,
        at=at,
        rows=rows,
        seconds=meter.seconds,
        cpu_seconds=meter.cpu_seconds,
        peak_memory_bytes=meter.peak_memory_bytes,
        cost=cost_of(meter.use, prices),
        currency=prices.currency,
    )


def keep_run(settings: Settings, use: RunUse) -> None:
    """Append a run; one that is repeated under its id is kept as it was first. Raises LakeWriteError."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    append_once(
        settings.lake_dir / "costs",
        pa.Table.from_pylist([msgspec.structs.asdict(use)]),
        app_id=f"costs/{use.mode}/{use.product}/{use.run_id}",
        version=1,
        partition_by=("product",),
        metadata={},
        fsync=settings.fsync,
    )


def past_runs(settings: Settings, product: str, mode: RunMode, *, newest: int = 30) -> list[RunUse]:
    """Return the newest runs of a product in one mode, oldest first."""
    try:
        rows = read_table(settings.lake_dir / "costs", filters=[("product", "=", product), ("mode", "=", mode)])
    except NotMaterializedError:
        return []
    runs = [msgspec.convert(row, RunUse) for row in rows.to_pylist()]
    return sorted(runs, key=lambda run: run.at)[-newest:]
