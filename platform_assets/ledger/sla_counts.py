"""Good and all units of each objective by the hour, from which error budgets and burn rates are summed."""

from sqlalchemy import JSON, Column, Float, String, Table

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

# The last reading of counters that only grow, so that the next one adds the difference once.
SLA_READINGS = Table(
    "sla_readings",
    METADATA,
    Column("source", String, primary_key=True),
    Column("read_at", UtcInstant, nullable=False),
    Column("counters", JSON, nullable=False),
)
