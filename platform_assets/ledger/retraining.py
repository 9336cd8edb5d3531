"""Requests for a new model and what became of each: recorded once per breach, each step an event that is only added."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, Column, Connection, Date, ForeignKey, Index, Integer, String, Table, Text, select

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.tables import METADATA, UtcInstant

# started: a run trains; candidate: its pair is registered; failed: its runs ended without one.
RetrainingState = Literal["requested", "started", "candidate", "refused", "released", "withdrawn", "failed"]
ENDED: frozenset[RetrainingState] = frozenset({"refused", "released", "withdrawn", "failed"})

RETRAINING_REQUESTS = Table(
    "retraining_requests",
    METADATA,
    Column("request_id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("incident_id", Integer),
    Column("release_id", String, nullable=False),
    Column("cutoff", Date, nullable=False),
    Column("train_from", Date, nullable=False),
    Column("requested_at", UtcInstant, nullable=False),
    Column("requested_by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index(None, "product", "cause", unique=True),
)

RETRAINING_STEPS = Table(
    "retraining_steps",
    METADATA,
    Column("step_id", Integer, primary_key=True),
    Column("request_id", Integer, ForeignKey("retraining_requests.request_id"), nullable=False),
    Column("state", String, nullable=False),
    Column("happened_at", UtcInstant, nullable=False),
    Column("recorded_by", String, nullable=False),
    Column("told", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Index(None, "request_id"),
)


class RetrainingStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that became of a request: the state that it is in from then on, and why."""

    step_id: int
    request_id: int
    state: RetrainingState
    happened_at: dt.datetime
    recorded_by: str
    told: str
    facts: dict[str, Any]


class RetrainingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A new model is asked for: why, in place of which release, and from which time its examples are.

    `cause` names the breach, or the word of a person, that is answered once. `steps` are in the order of recording; the
    last one says how it stands.
    """

    request_id: int
    product: str
    cause: str
    incident_id: int | None
    release_id: str
    cutoff: dt.date
    train_from: dt.date
    requested_at: dt.datetime
    requested_by: str
    reason: str
    evidence: dict[str, Any]
    steps: tuple[RetrainingStep, ...]

    @property
    def state(self) -> RetrainingState:
        """How it stands."""
        return self.steps[-1].state if self.steps else "requested"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ENDED


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for."""

    product: str
    cause: str
    incident_id: int | None
    release_id: str
    cutoff: dt.date
    train_from: dt.date
    evidence: Mapping[str, Any]


def record_request(ledger: Ledger, wish: Wish, mandate: Mandate) -> tuple[RetrainingRequest, bool]:
    """Record a request once per product and cause; return it, and whether it is new.

    Of several callers at once one records it, and all others get that one.
    """
    with ledger.transaction() as connection:
        found = [one for one in requests(ledger, wish.product) if one.cause == wish.cause]
        if found:
            return found[0], False
        values = {**msgspec.structs.asdict(wish), "evidence": dict(wish.evidence)}
        asked = {"requested_at": mandate.at, "requested_by": mandate.by, "reason": mandate.reason}
        inserted = connection.execute(RETRAINING_REQUESTS.insert().values({**values, **asked})).inserted_primary_key
        return get_request(ledger, int(inserted[0]) if inserted else 0), True


def record_step(
    ledger: Ledger,
    request_id: int,
    state: RetrainingState,
    told: str,
    *,
    at: dt.datetime,
    by: str,
    facts: Mapping[str, Any] | None = None,
) -> tuple[RetrainingRequest, bool]:
    """Add a step to a request that has not ended, unless it says what the last one says; return whether it is new.

    A request that has ended stays as it is. Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        found = get_request(ledger, request_id)
        known = dict(facts or {})
        is_repeat = bool(found.steps) and (found.steps[-1].state, found.steps[-1].facts) == (state, known)
        if found.is_ended or is_repeat:
            return found, False
        line = {"request_id": request_id, "state": state, "happened_at": at, "recorded_by": by}
        connection.execute(RETRAINING_STEPS.insert().values({**line, "told": told, "facts": known}))
        return get_request(ledger, request_id), True


def get_request(ledger: Ledger, request_id: int) -> RetrainingRequest:
    """Return a request with its steps; raises UnknownRecordError."""
    with ledger.reading() as connection:
        wanted = select(RETRAINING_REQUESTS).where(RETRAINING_REQUESTS.c.request_id == request_id)
        row = connection.execute(wanted).mappings().first()
        if row is None:
            remedy = "take one of `platform retraining list`"
            raise UnknownRecordError(kind="retraining request", key=str(request_id), remedy=remedy)
        return RetrainingRequest(**row, steps=_steps(connection, [request_id]).get(request_id, ()))


def requests(ledger: Ledger, product: str | None = None) -> list[RetrainingRequest]:
    """Return the requests of a product, or of all, with their steps, oldest first."""
    wanted = select(RETRAINING_REQUESTS).order_by(RETRAINING_REQUESTS.c.request_id)
    if product is not None:
        wanted = wanted.where(RETRAINING_REQUESTS.c.product == product)
    with ledger.reading() as connection:
        rows = connection.execute(wanted).mappings().all()
        steps = _steps(connection, [row["request_id"] for row in rows])
        return [RetrainingRequest(**row, steps=steps.get(row["request_id"], ())) for row in rows]


def _steps(connection: Connection, ids: list[int]) -> dict[int, tuple[RetrainingStep, ...]]:
    columns = RETRAINING_STEPS.c
    wanted = select(RETRAINING_STEPS).where(columns.request_id.in_(ids)).order_by(columns.step_id)
    found: dict[int, tuple[RetrainingStep, ...]] = {}
    for row in connection.execute(wanted).mappings():
        found[row["request_id"]] = (*found.get(row["request_id"], ()), RetrainingStep(**row))
    return found
