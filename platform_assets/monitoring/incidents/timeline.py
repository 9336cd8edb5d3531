"""The timeline of an incident: what was recorded about it and what happened around it, each once, in order, in UTC."""

import datetime as dt

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident, entries
from platform_assets.monitoring.incidents.happened import key_of
from platform_assets.monitoring.incidents.last_good import last_good
from platform_assets.monitoring.incidents.ledger_events import ledger_events


class TimelineLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: when (UTC), what kind of thing, in words, and on whose account."""

    at: dt.datetime
    kind: str
    told: str
    by: str


def timeline(ledger: Ledger, product: Product, incident: Incident, at: dt.datetime) -> list[TimelineLine]:
    """Return all that is known to have happened from the last good state until the incident was resolved, or until now.

    It is put together anew at each look from records that only grow, and holds nothing twice.
    """
    with ledger.reading():
        recorded = entries(ledger, incident.incident_id)
        since = last_good(ledger, product, incident, broke_at=incident.opened_at).at
        happened = ledger_events(ledger, product, since=since, until=incident.resolved_at or at)
    lines = {
        key_of(entry): TimelineLine(at=entry.happened_at, kind=entry.kind, told=entry.text, by=entry.recorded_by)
        for entry in recorded
    }
    for event in happened:
        line = TimelineLine(at=event.happened_at, kind=event.kind, told=event.told, by=event.by)
        lines.setdefault(event.key, line)
    return sorted(lines.values(), key=lambda line: line.at)
