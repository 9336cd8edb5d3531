"""Breaches of promises as people work with them: state, owner, timeline, root cause and what is done about it."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, func, select

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

Severity = Literal["minor", "major", "severe"]
IncidentState = Literal["open", "acknowledged", "recovered", "resolved"]
EntryKind = Literal[
    "opened", "change", "fallback", "notified", "event", "cause_drafted", "acknowledged", "cause", "action", "waived",
    "severity", "recovered", "reopened", "resolved", "note",
]  # fmt: skip
ActionKind = Literal["preventive", "capacity", "redesign", "stakeholder"]
BROKEN: tuple[IncidentState, ...] = ("open", "acknowledged")
UNRESOLVED: tuple[IncidentState, ...] = (*BROKEN, "recovered")

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


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One breach of one promise. `fallback` says what consumers get meanwhile, `impact` who is hurt and how.

    `is_broken` tells whether the promise is broken now, as far as the last look at it knows.
    """

    incident_id: int
    product: str
    promise: str
    subject: str
    severity: Severity
    state: IncidentState
    title: str
    owner: str
    fallback: str
    impact: dict[str, Any]
    opened_at: dt.datetime
    recovered_at: dt.datetime | None
    resolved_at: dt.datetime | None
    root_cause: str | None
    waived_until: dt.datetime | None

    @property
    def is_broken(self) -> bool:
        """Whether the promise is still broken."""
        return self.state in BROKEN

    def is_waived(self, at: dt.datetime) -> bool:
        """Tell whether a person lets promotions pass all the same at that instant."""
        return self.waived_until is not None and at < self.waived_until


class IncidentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline: what happened when, and who or what recorded it."""

    entry_id: int
    incident_id: int
    kind: EntryKind
    happened_at: dt.datetime
    recorded_by: str
    text: str
    facts: dict[str, Any]


def open_incident(  # noqa: PLR0913 - an incident has that many facts
    ledger: Ledger,
    *,
    product: str,
    promise: str,
    subject: str,
    severity: Severity,
    title: str,
    owner: str,
    fallback: str,
    impact: Mapping[str, Any],
    opened_at: dt.datetime,
) -> tuple[Incident, bool]:
    """Open an incident unless one about the same is open or acknowledged; returns it, and whether it is new.

    Of several callers at once one opens it, and all others get that one.
    """
    with ledger.transaction() as connection:
        found = find_incident(ledger, product, promise, subject)
        if found is not None and found.is_broken:
            return found, False
        inserted = connection.execute(
            INCIDENTS.insert().values(
                product=product,
                promise=promise,
                subject=subject,
                severity=severity,
                state="open",
                title=title,
                owner=owner,
                fallback=fallback,
                impact=dict(impact),
                opened_at=opened_at,
            )
        )
        return get_incident(ledger, int(inserted.inserted_primary_key[0])), True  # type: ignore[index] # it has one


def change_incident(ledger: Ledger, incident_id: int, **values: object) -> Incident:
    """Set columns of an incident; callers record why as an entry in the same transaction.

    Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        get_incident(ledger, incident_id)
        connection.execute(INCIDENTS.update().where(INCIDENTS.c.incident_id == incident_id).values(values))
        return get_incident(ledger, incident_id)


def add_entry(
    ledger: Ledger,
    incident_id: int,
    kind: EntryKind,
    text: str,
    *,
    happened_at: dt.datetime,
    recorded_by: str,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the timeline of an incident."""
    line = {"incident_id": incident_id, "kind": kind, "happened_at": happened_at, "recorded_by": recorded_by}
    with ledger.transaction() as connection:
        connection.execute(INCIDENT_ENTRIES.insert().values({**line, "text": text, "facts": dict(facts or {})}))


def entries(ledger: Ledger, incident_id: int) -> list[IncidentEntry]:
    """Return the recorded timeline of an incident, by the time of what happened."""
    wanted = select(INCIDENT_ENTRIES).where(INCIDENT_ENTRIES.c.incident_id == incident_id)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(INCIDENT_ENTRIES.c.happened_at, INCIDENT_ENTRIES.c.entry_id))
        return [IncidentEntry(**row) for row in rows.mappings()]


def newest_entry(ledger: Ledger, *, without: Collection[EntryKind] = ()) -> int:
    """Return the id of the newest entry of any incident, but for those of some kinds, or 0: it grows with each one."""
    newest = select(func.max(INCIDENT_ENTRIES.c.entry_id)).where(INCIDENT_ENTRIES.c.kind.not_in(without))
    with ledger.reading() as connection:
        return connection.execute(newest).scalar() or 0


def get_incident(ledger: Ledger, incident_id: int) -> Incident:
    """Return an incident; raises UnknownRecordError."""
    with ledger.reading() as connection:
        row = connection.execute(select(INCIDENTS).where(INCIDENTS.c.incident_id == incident_id)).mappings().first()
    if row is None:
        remedy = "take one of `platform incidents list --all`"
        raise UnknownRecordError(kind="incident", key=str(incident_id), remedy=remedy)
    return Incident(**row)


def find_incident(ledger: Ledger, product: str, promise: str, subject: str) -> Incident | None:
    """Return the newest incident about one promise, in whatever state, or None."""
    this = (INCIDENTS.c.product == product, INCIDENTS.c.promise == promise, INCIDENTS.c.subject == subject)
    newest = select(INCIDENTS).where(*this).order_by(INCIDENTS.c.incident_id.desc()).limit(1)
    with ledger.reading() as connection:
        row = connection.execute(newest).mappings().first()
    return Incident(**row) if row else None


def incidents(
    ledger: Ledger, product: str | None = None, *, states: Collection[IncidentState] = UNRESOLVED
) -> list[Incident]:
    """Return the incidents of one product or of all in these states, by default all unresolved ones, oldest first."""
    wanted = select(INCIDENTS).where(INCIDENTS.c.state.in_(states)).order_by(INCIDENTS.c.incident_id)
    if product is not None:
        wanted = wanted.where(INCIDENTS.c.product == product)
    with ledger.reading() as connection:
        return [Incident(**row) for row in connection.execute(wanted).mappings()]
