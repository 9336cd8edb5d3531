"""The table of key figures: one row per product, figure and mode of every time they were worked out."""

import datetime as dt

import msgspec

from platform_assets.errors import NotMaterializedError
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.monitoring.figures.figures import Figure
from platform_assets.monitoring.figures.measure import Measured
from platform_assets.settings import Settings


class PastFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure as it was once."""

    measured_at: dt.datetime
    figure: Figure


def keep_figures(settings: Settings, measured: Measured, *, at: dt.datetime, run_id: str) -> None:
    """Append the figures of a product; a repeated run appends nothing. Raises LakeWriteError."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    told = {"product": measured.product, "measured_at": at, "run_id": run_id}
    rows = [{**told, **msgspec.structs.asdict(figure)} for figure in measured.figures]
    kinds = {"value": pa.float64(), "over": pa.float64(), "measured_at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in rows[0]])
    append_once(
        settings.lake_dir / "figures",
        pa.Table.from_pylist(rows, schema=schema),
        app_id=f"figures/{measured.product}/{run_id}",
        version=1,
        partition_by=("product",),
        metadata={},
        fsync=settings.fsync,
    )


def past_figures(settings: Settings, product: str) -> list[PastFigure]:
    """Return every figure of a product that was kept, oldest first."""
    try:
        rows = read_table(settings.lake_dir / "figures", filters=[("product", "=", product)]).to_pylist()
    except NotMaterializedError:
        return []
    found = [PastFigure(measured_at=row["measured_at"], figure=msgspec.convert(row, Figure)) for row in rows]
    return sorted(found, key=lambda past: past.measured_at)
