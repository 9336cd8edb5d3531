"""Who is hurt by a broken promise: which consumers read the output, how, for what, and when next."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from platform_assets.consumers import readers_of
from platform_assets.contract.consumers import Consumer, Importance, Output, Reading
from platform_assets.contract.cron import next_firing
from platform_assets.contract.product import Product
from platform_assets.ledger.incidents import Severity
from platform_assets.monitoring.incidents.reach import Reach, reach_of
from platform_assets.monitoring.incidents.severity import Exposure, Hurt, severity_of

Readers = Sequence[tuple[Consumer, Reading]]
Way = Literal["table", "http"]
_SOON = dt.timedelta(days=1)


class ImpactedReading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a consumer that is hurt. `next_at` is None for one that happens at any time."""

    consumer: str
    title: str
    team: str
    email: str
    output: Output
    way: Way
    purposes: tuple[str, ...]
    importance: Importance
    exposure: Exposure
    next_at: dt.datetime | None


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What a broken promise does: whom it hurts, the most important first, and which actions machines leave out."""

    severity: Severity
    is_spared: bool
    readings: tuple[ImpactedReading, ...]
    suspended_actions: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """Return it as plain data for the ledger."""
        record: dict[str, Any] = msgspec.to_builtins(self)
        return record


def impact_of(
    product: Product, promise: str, subject: str, *, since: dt.datetime, at: dt.datetime, readers: Readers | None = None
) -> Impact:
    """Return whom a promise that is broken since an instant hurts by now.

    A scheduled reading is hurt now when it was due since then, or is within a day. `readers` are the declared ones.
    """
    reach = reach_of(promise, subject)
    declared = readers_of(product.name) if readers is None else readers
    readings = tuple(
        _impacted(consumer, reading, since=since, at=at)
        for consumer, reading in declared
        if reading.output in reach.outputs
    )
    suspended = _suspended(product, reach)
    hurt = [Hurt(importance=one.importance, exposure=one.exposure) for one in readings]
    severity = severity_of(hurt, is_spared=reach.is_spared, has_suspended_actions=bool(suspended))
    return Impact(severity=severity, is_spared=reach.is_spared, readings=readings, suspended_actions=suspended)


def _impacted(consumer: Consumer, reading: Reading, *, since: dt.datetime, at: dt.datetime) -> ImpactedReading:
    due = next_firing(reading.at_cron, since) if reading.at_cron else None
    return ImpactedReading(
        consumer=consumer.name,
        title=consumer.title,
        team=consumer.contact.team,
        email=consumer.contact.email,
        output=reading.output,
        way="http" if reading.output == "online_predictions" else "table",
        purposes=reading.purposes,
        importance=reading.importance,
        exposure="now" if reading.at_cron is None or (due is not None and due <= at + _SOON) else "later",
        next_at=next_firing(reading.at_cron, at) if reading.at_cron else None,
    )


def _suspended(product: Product, reach: Reach) -> tuple[str, ...]:
    return tuple(action.name for action in product.actions) if reach.is_stale else ()
