"""What happened around a breach: one event, named so that it is told once however often somebody looks."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident, IncidentEntry, add_entry, entries
from platform_assets.monitoring.incidents.last_good import last_good

HappenedKind = Literal[
    "promise", "publication", "quarantine", "decision", "traffic", "snapshot", "model", "data", "run_failed"
]
_KEY, _WHAT = "event", "what"


class HappenedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `key` names it for good; two events of one key are the same."""

    key: str
    kind: HappenedKind
    happened_at: dt.datetime
    told: str
    by: str
    facts: Mapping[str, Any] = {}


# What happened to a product since an instant, told by who has records beside the ledger.
Witness = Callable[[Product, dt.datetime], Sequence[HappenedEvent]]


def no_witness(_product: Product, _since: dt.datetime) -> Sequence[HappenedEvent]:
    """Tell of nothing: the ledger is all there is."""
    return ()


def promise_key(change_id: int) -> str:
    """Return the key of a change of a promise."""
    return f"promise:{change_id}"


def record_happened(ledger: Ledger, incident_id: int, happened: Sequence[HappenedEvent]) -> int:
    """Add the events that an incident does not hold yet to its timeline; return how many were new.

    For what no record of the ledger tells: an orchestrator may forget its runs.
    """
    with ledger.transaction():
        known = {key_of(entry) for entry in entries(ledger, incident_id)}
        new = {event.key: event for event in happened if event.key not in known}
        for event in new.values():
            facts = {**event.facts, _KEY: event.key, _WHAT: event.kind}
            at = event.happened_at
            add_entry(ledger, incident_id, "event", event.told, happened_at=at, recorded_by=event.by, facts=facts)
    return len(new)


def record_witnessed(ledger: Ledger, product: Product, incident: Incident, witness: Witness) -> int:
    """Add what a witness tells of since the last good state to the timeline; return how much of it was new."""
    since = last_good(ledger, product, incident, broke_at=incident.opened_at).at
    return record_happened(ledger, incident.incident_id, witness(product, since))


def recorded_events(recorded: Sequence[IncidentEntry]) -> list[HappenedEvent]:
    """Return the events that an incident holds."""
    return [
        HappenedEvent(
            key=str(entry.facts[_KEY]),
            kind=msgspec.convert(entry.facts[_WHAT], HappenedKind),
            happened_at=entry.happened_at,
            told=entry.text,
            by=entry.recorded_by,
            facts=entry.facts,
        )
        for entry in recorded
        if entry.kind == "event"
    ]


def key_of(entry: IncidentEntry) -> str:
    """Return the key of what an entry tells of, or one of its own."""
    return str(entry.facts.get(_KEY, f"entry:{entry.entry_id}"))
