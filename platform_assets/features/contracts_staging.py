"""The contracts of the staging models, checked on the Parquet that dbt wrote and everybody reads."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from platform_assets.errors import NotMaterializedError, UnknownFeatureViewError
from platform_assets.features.contracts_check import broken_rules, count_reasons
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa


@dataclass(frozen=True, slots=True)
class StagingReport:
    """How many rows of a staging model break each rule; a good model has none."""

    model: str
    rows: int
    failures: dict[str, int]

    @property
    def passed(self) -> bool:
        """No row breaks a rule."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    low: float | None = None
    high: float | None = None
    nullable: bool = False


_CUSTOMER, _MONEY = _Column("customer_id"), 1_000_000.0
_COLUMNS: dict[str, tuple[_Column, ...]] = {
    "stg_order_lines": (
        _Column("source_row", low=1),
        _Column("order_id"),
        _Column("quantity"),
        _Column("line_total_gbp", low=-_MONEY, high=_MONEY),
        _Column("ordered_at"),
        _Column("is_purchase"),
        _Column("customer_id", nullable=True),
    ),
    "orders": (
        _Column("order_id"),
        _CUSTOMER,
        _Column("ordered_at"),
        _Column("line_count", low=1),
        _Column("piece_count", low=1),
        _Column("total_gbp", low=0, high=_MONEY),
    ),
    "cancellations": (
        _Column("order_id"),
        _CUSTOMER,
        _Column("amount_gbp", low=0, high=_MONEY),
        _Column("quantity", low=0),
    ),
    "net_spend": (_CUSTOMER, _Column("event_at"), _Column("amount_gbp", low=-_MONEY, high=_MONEY)),
    "parking_slots": (
        _Column("parking_bay_id"),
        _Column("slot_number", low=16, high=33),
        _Column("capacity", low=1),
        _Column("occupancy_ratio", low=0, high=1.1, nullable=True),
    ),
}
_KEYS: dict[str, tuple[str, ...]] = {
    "stg_order_lines": ("source_row",),
    "orders": ("order_id",),
    "cancellations": ("source_row",),
    "parking_slots": ("parking_bay_id", "slot_at"),
}


def _cancelled_after_order(frame: "pd.DataFrame") -> "pd.Series[bool]":
    return frame["cancelled_at"] > frame["ordered_at"]


def _ratio_where_observed(frame: "pd.DataFrame") -> "pd.Series[bool]":
    return frame["occupancy_ratio"].notna() == frame["is_observed"]


def _closed_after_slot(frame: "pd.DataFrame") -> "pd.Series[bool]":
    return frame["closed_at"] >= frame["slot_at"]


def _purchase_is_positive(frame: "pd.DataFrame") -> "pd.Series[bool]":
    return ~frame["is_purchase"] | (frame["line_total_gbp"] >= 0)


_RULES: dict[str, tuple[Callable[["pd.DataFrame"], "pd.Series[bool]"], ...]] = {
    "stg_order_lines": (_purchase_is_positive,),
    "cancellations": (_cancelled_after_order,),
    "parking_slots": (_ratio_where_observed, _closed_after_slot),
}


def validate_staging(settings: Settings, model: str) -> StagingReport:
    """Check every row of a staging model against its contract and count the rows that break each rule.

    Raises UnknownFeatureViewError for a model without contract, NotMaterializedError when dbt has not built it.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, only needed here

    if model not in _COLUMNS:
        raise UnknownFeatureViewError(view=model, known=", ".join(sorted(_COLUMNS)))
    path = settings.staging_dir / f"{model}.parquet"
    if not path.is_file():
        raise NotMaterializedError(what=f"staging model {model!r}", asset=f"staging/{model}")
    table = pq.read_table(path)
    return StagingReport(model=model, rows=table.num_rows, failures=count_reasons(broken_rules(_schema(model), table)))


def _schema(model: str) -> "pa.DataFrameSchema":
    import pandera.pandas as pa  # noqa: PLC0415 - heavy, only needed here

    rules = [pa.Check(rule, error=rule.__name__.lstrip("_")) for rule in _RULES.get(model, ())]
    unique = list(_KEYS[model]) if model in _KEYS else None
    return pa.DataFrameSchema(
        {column.name: pa.Column(checks=_bounds(column), nullable=column.nullable) for column in _COLUMNS[model]},
        checks=rules,
        unique=unique,
    )


def _bounds(column: _Column) -> "list[pa.Check]":
    import pandera.pandas as pa  # noqa: PLC0415 - heavy, only needed here

    bounds = (
        (column.low, partial(pa.Check.ge, error="too_low")),
        (column.high, partial(pa.Check.le, error="too_high")),
    )
    return [check(bound) for bound, check in bounds if bound is not None]
