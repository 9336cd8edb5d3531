"""Where every promise stands, and each change of that as an event that is only ever added."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import JSON, Column, Connection, Float, Index, Integer, String, Table, select

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

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

# A watch that waited for the lock has looked before the one that overtook it. An older look is a clock set back.
_OVERTAKEN_WITHIN = dt.timedelta(minutes=5)

_SETTLED_AFTER = dt.timedelta(days=30)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a promise found: the measured value beside its limit, and the facts that explain it.

    `promise` is a PromiseName or that of an alert rule. `value` is None where there was nothing to measure.
    """

    product: str
    promise: str
    state: PromiseState
    subject: str = ""
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    facts: Mapping[str, Any] = {}


class PromiseStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where a promise stands: its state, since when, and what the last look at it found."""

    product: str
    promise: str
    subject: str
    state: PromiseState
    since: dt.datetime
    checked_at: dt.datetime
    value: float | None
    limit: float | None
    unit: str
    facts: dict[str, Any]


class PromiseChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a promise's state, numbered in the order of recording, with what was found then."""

    change_id: int
    product: str
    promise: str
    subject: str
    before: PromiseState
    after: PromiseState
    changed_at: dt.datetime
    value: float | None
    limit: float | None
    unit: str
    facts: dict[str, Any]


def record_observations(ledger: Ledger, observations: Sequence[Observation], at: dt.datetime) -> list[PromiseChange]:
    """Record where promises stand, in one transaction, and return what changed, in the order of the observations.

    A promise that is seen for the first time was unknown before, and one that is kept from the start is no change. A
    look that another one has overtaken is left out.
    """
    with ledger.transaction() as connection:
        changes = [_record(connection, observation, at) for observation in observations]
    return [change for change in changes if change is not None]


def forget_settled(ledger: Ledger, promise: str, at: dt.datetime) -> int:
    """Forget where a promise of single subjects stood that holds and that nobody looks at any more; returns how many.

    There is a due day more with every day, and only the last ones are looked at. Their changes stay on record.
    """
    columns = PROMISE_STATES.c
    settled = (columns.promise == promise, columns.state == "kept", columns.checked_at < at - _SETTLED_AFTER)
    with ledger.transaction() as connection:
        return connection.execute(PROMISE_STATES.delete().where(*settled)).rowcount


def promise_standings(ledger: Ledger, product: str | None = None) -> list[PromiseStanding]:
    """Return where the promises of a product stand, or of all, by product, promise and subject."""
    columns = PROMISE_STATES.c
    wanted = select(PROMISE_STATES).order_by(columns.product, columns.promise, columns.subject)
    if product is not None:
        wanted = wanted.where(columns.product == product)
    with ledger.reading() as connection:
        return [PromiseStanding(**row) for row in connection.execute(wanted).mappings()]


def promise_standing(ledger: Ledger, product: str, promise: str, subject: str = "") -> PromiseStanding | None:
    """Return where one promise stood at the last look, None before the first."""
    columns = PROMISE_STATES.c
    here = (columns.product == product, columns.promise == promise, columns.subject == subject)
    with ledger.reading() as connection:
        row = connection.execute(select(PROMISE_STATES).where(*here)).mappings().first()
    return PromiseStanding(**row) if row else None


def promise_changes(
    ledger: Ledger, product: str | None = None, *, promise: str | None = None, after: int = 0
) -> list[PromiseChange]:
    """Return the changes of a product, or of all, that were recorded after the one of that number, oldest first.

    With a promise only those of it: there are more with every year, and whoever looks often reads no others.
    """
    columns = PROMISE_CHANGES.c
    wanted = select(PROMISE_CHANGES).where(columns.change_id > after).order_by(columns.change_id)
    if product is not None:
        wanted = wanted.where(columns.product == product)
    if promise is not None:
        wanted = wanted.where(columns.promise == promise)
    with ledger.reading() as connection:
        return [PromiseChange(**row) for row in connection.execute(wanted).mappings()]


def _record(connection: Connection, observation: Observation, at: dt.datetime) -> PromiseChange | None:
    columns = PROMISE_STATES.c
    name = {"product": observation.product, "promise": observation.promise, "subject": observation.subject}
    here = [columns[key] == value for key, value in name.items()]
    row = connection.execute(select(PROMISE_STATES).where(*here)).mappings().first()
    stood = PromiseStanding(**row) if row else None
    if stood and at < stood.checked_at <= at + _OVERTAKEN_WITHIN:
        return None
    before: PromiseState = stood.state if stood else "unknown"
    has_changed = before != observation.state and (stood is not None or observation.state != "kept")
    since = stood.since if stood and stood.state == observation.state else at
    found = {
        "value": _finite(observation.value),
        "limit": observation.limit,
        "unit": observation.unit,
        # Through JSON itself, which knows no NaN: a server refuses it, and with it all that was found in this look.
        "facts": msgspec.json.decode(msgspec.json.encode(dict(observation.facts))),
    }
    values = {"state": observation.state, "since": since, "checked_at": at, **found}
    if stood:
        connection.execute(PROMISE_STATES.update().where(*here).values(values))
    else:
        connection.execute(PROMISE_STATES.insert().values({**name, **values}))
    if not has_changed:
        return None
    change = {**name, "before": before, "after": observation.state, "changed_at": at, **found}
    inserted = connection.execute(PROMISE_CHANGES.insert().values(change)).inserted_primary_key
    return PromiseChange(change_id=int(inserted[0]) if inserted else 0, **change)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
