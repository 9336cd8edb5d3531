"""The outbox: what has to be told to whom, kept until it was taken or given up, and when to keep silent."""

from typing import Literal

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from platform_assets.ledger.tables import METADATA, UtcInstant

Channel = Literal["webhook", "slack", "email"]
NotificationState = Literal["waiting", "sent", "held", "dead"]
SilenceKind = Literal["silence", "maintenance"]

# `topic` is what it is about; notifications of one topic, channel and recipient are told once within a cooldown.
NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", Integer, primary_key=True),
    Column("topic", String, nullable=False),
    Column("group_key", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("state", String, nullable=False),
    Column("message", JSON, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcInstant, nullable=False),
    Column("sent_at", UtcInstant),
    Column("problem", Text),
    Index(None, "state", "next_attempt_at"),
    Index(None, "topic", "channel", "recipient"),
)

# Empty `product` or `promise` means all of them.
SILENCES = Table(
    "silences",
    METADATA,
    Column("silence_id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("product", String, nullable=False),
    Column("promise", String, nullable=False),
    Column("starts_at", UtcInstant, nullable=False),
    Column("ends_at", UtcInstant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", UtcInstant),
)
