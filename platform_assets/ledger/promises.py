"""Where every promise stands, and each change of that as an event that is only ever added."""

from typing import Literal

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Table

from platform_assets.ledger.tables import METADATA, UtcInstant

# Not yet known: never materialized, or nothing to measure by.
PromiseState = Literal["kept", "at_risk", "broken", "unknown"]

# `subject` is the partition, feature view or mode within the product that the promise is about; empty for the whole.
PROMISE_STATES = Table(
    "promise_states",
    METADATA,
    Column("product", String, primary_key=True),
    Column("promise", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("since", UtcInstant, nullable=False),
    Column("checked_at", UtcInstant, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("unit", String, nullable=False),
    Column("facts", JSON, nullable=False),
)

PROMISE_CHANGES = Table(
    "promise_changes",
    METADATA,
    Column("change_id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("promise", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("changed_at", UtcInstant, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("unit", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Index(None, "product", "promise"),
)
