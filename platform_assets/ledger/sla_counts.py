"""Good and all units of each objective by the hour, from which error budgets and burn rates are summed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import JSON, Column, Float, String, Table, func, select

from platform_assets.contract.slas import Measure, Mode
from platform_assets.ledger.database import Ledger
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

HOUR = dt.timedelta(hours=1)
# A reader that waited for the lock has read before the one that overtook it. An older reading is a clock set back.
_OVERTAKEN_WITHIN = dt.timedelta(minutes=5)


class Units(msgspec.Struct, frozen=True):
    """How many units there were, and how many of them were good."""

    good: float = 0.0
    total: float = 0.0

    @property
    def bad(self) -> float:
        """How many were not."""
        return self.total - self.good

    @property
    def bad_share(self) -> float:
        """The share that was not good, 0 without any unit."""
        return self.bad / self.total if self.total else 0.0

    def __add__(self, other: "Units") -> "Units":
        """Return the units of both."""
        return Units(self.good + other.good, self.total + other.total)


class Objected(msgspec.Struct, frozen=True):
    """What units are counted for: one measure of one mode of a product."""

    product: str
    mode: Mode
    measure: Measure


def add_units(ledger: Ledger, what: Objected, units: Units, at: dt.datetime) -> None:
    """Add units to the hour of an instant."""
    if not units.total:
        return
    key = {**msgspec.structs.asdict(what), "hour": _hour(at)}
    here = [SLA_COUNTS.c[name] == value for name, value in key.items()]
    more = {"good": SLA_COUNTS.c.good + units.good, "total": SLA_COUNTS.c.total + units.total}
    with ledger.transaction() as connection:
        if not connection.execute(SLA_COUNTS.update().where(*here).values(more)).rowcount:
            connection.execute(SLA_COUNTS.insert().values({**key, "good": units.good, "total": units.total}))


def units_since(ledger: Ledger, what: Objected, since: dt.datetime, until: dt.datetime) -> Units:
    """Return the units of the hours that a stretch of time touches."""
    wanted = select(func.sum(SLA_COUNTS.c.good), func.sum(SLA_COUNTS.c.total)).where(
        *_of(what), SLA_COUNTS.c.hour > since - HOUR, SLA_COUNTS.c.hour <= until
    )
    with ledger.reading() as connection:
        good, total = connection.execute(wanted).one()
    return Units(good or 0.0, total or 0.0)


def first_hour(ledger: Ledger, what: Objected, since: dt.datetime) -> dt.datetime | None:
    """Return the first hour with units that ends after an instant, None without any."""
    wanted = select(func.min(SLA_COUNTS.c.hour)).where(*_of(what), SLA_COUNTS.c.hour > since - HOUR)
    with ledger.reading() as connection:
        found: dt.datetime | None = connection.execute(wanted).scalar()
    return found


def growth(ledger: Ledger, source: str, counters: Mapping[str, float], read_at: dt.datetime) -> dict[str, float]:
    """Keep a reading of counters that only grow, and return by how much they grew since the last one.

    Callers add what follows from it in the same transaction, so that each growth counts once, however many read at
    once and whoever is killed in between. Where any counter has fallen, the source began anew from 0. A reading that a
    newer one has overtaken has grown by nothing.
    """
    with ledger.transaction():
        last = last_reading(ledger, source)
        if last is not None and read_at <= last[0] <= read_at + _OVERTAKEN_WITHIN:
            return dict.fromkeys(counters, 0.0)
        before = last[1] if last else {}
        has_restarted = any(counters.get(name, 0.0) < value for name, value in before.items())
        keep_reading(ledger, source, counters, read_at)
        return {name: value - (0.0 if has_restarted else before.get(name, 0.0)) for name, value in counters.items()}


def last_reading(ledger: Ledger, source: str) -> tuple[dt.datetime, dict[str, float]] | None:
    """Return when a source was read last and what was read, None for one that never was."""
    wanted = select(SLA_READINGS.c.read_at, SLA_READINGS.c.counters).where(SLA_READINGS.c.source == source)
    with ledger.reading() as connection:
        row = connection.execute(wanted).first()
    return (row[0], dict(row[1])) if row else None


def keep_reading(ledger: Ledger, source: str, counters: Mapping[str, float], read_at: dt.datetime) -> None:
    """Replace the last reading of a source, whatever it was."""
    values = {"read_at": read_at, "counters": dict(counters)}
    with ledger.transaction() as connection:
        here = SLA_READINGS.c.source == source
        if not connection.execute(SLA_READINGS.update().where(here).values(values)).rowcount:
            connection.execute(SLA_READINGS.insert().values({"source": source, **values}))


def _of(what: Objected) -> list[Any]:
    return [SLA_COUNTS.c[name] == value for name, value in msgspec.structs.asdict(what).items()]


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
