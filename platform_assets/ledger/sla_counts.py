"""Good and all units of each objective by the hour, from which error budgets and burn rates are summed."""

from sqlalchemy import Column, Float, String, Table

from platform_assets.ledger.tables import METADATA, UtcInstant

SLA_COUNTS = Table(
    "sla_counts",
    METADATA,
    Column("product", String, primary_key=True),
    Column("mode", String, primary_key=True),
    Column("measure", String, primary_key=True),
    Column("hour", UtcInstant, primary_key=True),
    Column("good", Float, nullable=False),
    Column("total", Float, nullable=False),
)
