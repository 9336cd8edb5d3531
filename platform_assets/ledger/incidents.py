"""Breaches of promises as people work with them: state, owner, timeline, root cause and what is done about it."""

from typing import Literal

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from platform_assets.ledger.tables import METADATA, UtcInstant

Severity = Literal["minor", "major", "severe"]
IncidentState = Literal["open", "acknowledged", "recovered", "resolved"]
EntryKind = Literal[
    "opened", "change", "fallback", "notified", "event", "cause_drafted", "acknowledged", "cause", "action", "waived",
    "severity", "recovered", "reopened", "resolved", "note",
]  # fmt: skip
ActionKind = Literal["preventive", "capacity", "redesign", "stakeholder"]

# `recovered`: the promise holds again, and a person has not said yet what it was. A waiver lets promotions pass.
INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("incident_id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("promise", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("title", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("fallback", String, nullable=False),
    Column("impact", JSON, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("recovered_at", UtcInstant),
    Column("resolved_at", UtcInstant),
    Column("root_cause", Text),
    Column("waived_until", UtcInstant),
    Index(None, "product", "state"),
)

INCIDENT_ENTRIES = Table(
    "incident_entries",
    METADATA,
    Column("entry_id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.incident_id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("happened_at", UtcInstant, nullable=False),
    Column("recorded_by", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Index(None, "incident_id"),
)

INCIDENT_ACTIONS = Table(
    "incident_actions",
    METADATA,
    Column("action_id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.incident_id"), nullable=False),
    Column("product", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("what", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("due_at", UtcInstant, nullable=False),
    Column("done_at", UtcInstant),
    Column("done_by", String),
    Column("outcome", Text),
    Index(None, "product"),
)
