"""Incidents follow promises: opened when one is broken, worse as more are hurt, recovered when it holds again."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import (
    BROKEN,
    EntryKind,
    Incident,
    add_entry,
    change_incident,
    find_incident,
    incidents,
    open_incident,
)
from platform_assets.ledger.promises import PromiseChange, promise_standings
from platform_assets.monitoring.incidents.breach import Breach, measured, owner_of_breach, title_of
from platform_assets.monitoring.incidents.draft import record_draft
from platform_assets.monitoring.incidents.fallback_mode import fallback_mode
from platform_assets.monitoring.incidents.happened import Witness, no_witness, promise_key, record_witnessed
from platform_assets.monitoring.incidents.impact import impact_of
from platform_assets.monitoring.incidents.moves import IncidentMove, MoveKind
from platform_assets.monitoring.incidents.severity import is_worse

# A promise that breaks again so soon after it held again is one incident that flaps, not two.
REOPENED_WITHIN = dt.timedelta(hours=24)
_BY = "platform"


def follow_incidents(
    ledger: Ledger,
    products: Sequence[Product],
    changes: Sequence[PromiseChange],
    at: dt.datetime,
    *,
    witness: Witness = no_witness,
) -> list[IncidentMove]:
    """Bring the incidents of these products to what changed, and return what became of them, in that order.

    Joins the caller's transaction; there is never more than one broken incident about one promise. Changes of other
    products are left alone. The cause of what broke is drafted with what the witness tells.
    """
    named = {product.name: product for product in products}
    with ledger.transaction():
        moved = [
            move
            for change in changes
            if change.product in named
            for move in _follow(ledger, named[change.product], change, at)
        ]
        moved += [move for product in products for move in _find_unfollowed(ledger, product, at)]
        for move in moved:
            if move.kind in {"opened", "reopened"}:
                product = named[move.incident.product]
                record_witnessed(ledger, product, move.incident, witness)
                record_draft(ledger, product, move.incident, at)
        return moved + [move for product in products for move in _reassess(ledger, product, at)]


def _follow(ledger: Ledger, product: Product, change: PromiseChange, at: dt.datetime) -> Iterator[IncidentMove]:
    found = find_incident(ledger, change.product, change.promise, change.subject)
    if found is not None and found.is_broken:
        yield _recover(ledger, found, change) if change.after in {"kept", "at_risk"} else _note(ledger, found, change)
    elif change.after == "broken":
        if found is not None and _flaps(found, change):
            yield _reopen(ledger, product, found, change)
        else:
            yield _open(ledger, product, change, change.changed_at, at)


def _flaps(found: Incident, change: PromiseChange) -> bool:
    held = change.changed_at - found.recovered_at if found.recovered_at else None
    return found.state == "recovered" and held is not None and held <= REOPENED_WITHIN


def _open(ledger: Ledger, product: Product, breach: Breach, opened_at: dt.datetime, at: dt.datetime) -> IncidentMove:
    impact = impact_of(product, breach.promise, breach.subject, since=opened_at, at=at)
    fallback = fallback_mode(ledger, product, breach.promise, breach.subject)
    opened, _ = open_incident(
        ledger,
        product=product.name,
        promise=breach.promise,
        subject=breach.subject,
        severity=impact.severity,
        title=title_of(product, breach),
        owner=owner_of_breach(product, breach.promise, breach.subject).team,
        fallback=fallback,
        impact=impact.as_record(),
        opened_at=opened_at,
    )
    change = breach if isinstance(breach, PromiseChange) else None
    _enter(ledger, opened, "opened", f"{opened.title}; severity {opened.severity}", opened_at, _facts(breach))
    _enter(ledger, opened, "fallback", fallback, opened_at)
    return IncidentMove(incident=opened, kind="opened", change=change)


def _reopen(ledger: Ledger, product: Product, found: Incident, change: PromiseChange) -> IncidentMove:
    told = f"broken again within {REOPENED_WITHIN.total_seconds() / 3600:g} hours{measured(change)}"
    fallback = fallback_mode(ledger, product, found.promise, found.subject)
    again = change_incident(ledger, found.incident_id, state="open", recovered_at=None, fallback=fallback)
    _enter(ledger, again, "reopened", told, change.changed_at, _facts(change))
    return IncidentMove(incident=again, kind="reopened", change=change)


def _recover(ledger: Ledger, found: Incident, change: PromiseChange) -> IncidentMove:
    told = f"the promise holds again{measured(change)}; a person says what it was"
    healed = change_incident(ledger, found.incident_id, state="recovered", recovered_at=change.changed_at)
    _enter(ledger, healed, "recovered", told, change.changed_at, _facts(change))
    return IncidentMove(incident=healed, kind="recovered", change=change)


def _note(ledger: Ledger, found: Incident, change: PromiseChange) -> IncidentMove:
    told = f"{change.before} -> {change.after}{measured(change)}"
    _enter(ledger, found, "change", told, change.changed_at, _facts(change))
    return IncidentMove(incident=found, kind="changed", change=change)


def _find_unfollowed(ledger: Ledger, product: Product, at: dt.datetime) -> Iterator[IncidentMove]:
    """Yield an incident for each promise that this very look found broken and that has none.

    So it is after one was resolved under a waiver that is over by now.
    """
    for standing in promise_standings(ledger, product.name):
        if standing.state != "broken" or standing.checked_at < at:
            continue
        found = find_incident(ledger, product.name, standing.promise, standing.subject)
        if found is None or (found.state == "resolved" and not found.is_waived(at)):
            yield _open(ledger, product, standing, standing.since if found is None else at, at)


def _reassess(ledger: Ledger, product: Product, at: dt.datetime) -> Iterator[IncidentMove]:
    """Yield the incidents that hurt more than before: a reading comes near, a consumer was added. None gets milder."""
    for found in incidents(ledger, product.name, states=BROKEN):
        impact = impact_of(product, found.promise, found.subject, since=found.opened_at, at=at)
        kind: MoveKind | None = "worse" if is_worse(impact.severity, found.severity) else None
        if kind is None and impact.as_record()["readings"] == found.impact.get("readings"):
            continue
        severity = impact.severity if kind else found.severity
        record = msgspec.structs.replace(impact, severity=severity).as_record()
        changed = change_incident(ledger, found.incident_id, severity=severity, impact=record)
        if kind:
            told = f"severity {found.severity} -> {severity}: {_who(impact.as_record())}"
            _enter(ledger, changed, "severity", told, at)
            yield IncidentMove(incident=changed, kind=kind, change=None)


def _who(impact: Mapping[str, Any]) -> str:
    hurt = [one["title"] for one in impact["readings"] if one["exposure"] == "now"]
    return f"hurts {', '.join(dict.fromkeys(hurt))} now" if hurt else "automated actions are suspended"


def _facts(breach: Breach) -> dict[str, Any]:
    key = {"event": promise_key(breach.change_id)} if isinstance(breach, PromiseChange) else {}
    return {"observed": breach.facts, "value": breach.value, "limit": breach.limit, "unit": breach.unit, **key}


def _enter(
    ledger: Ledger,
    incident: Incident,
    kind: EntryKind,
    told: str,
    at: dt.datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    add_entry(ledger, incident.incident_id, kind, told, happened_at=at, recorded_by=_BY, facts=facts)
