"""Repeated breaches of an SLA demand more than another repair: an action with an owner and a due date."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import get_args

from platform_assets.contract.product import Product
from platform_assets.contract.slas import Measure
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import IncidentAction, actions, add_action
from platform_assets.ledger.incidents import ActionKind, Incident, IncidentState, incidents
from platform_assets.monitoring.slas.held import Held, held

BY = "platform"
# What a measure that is missed again and again says is wrong: too little machine, or the pipeline itself.
REMEDIES: dict[Measure, ActionKind] = {
    "availability": "capacity",
    "latency": "capacity",
    "error_rate": "redesign",
    "freshness": "redesign",
    "coverage": "redesign",
}
DUE_WITHIN: dict[ActionKind, dt.timedelta] = {
    "capacity": dt.timedelta(days=14),
    "redesign": dt.timedelta(days=30),
    "stakeholder": dt.timedelta(days=7),
    "preventive": dt.timedelta(days=14),
}
_WHAT: dict[ActionKind, str] = {
    "capacity": "add capacity, or agree on another objective",
    "redesign": "change the pipeline so that this cannot come back",
    "stakeholder": "tell the business owners of the consumers what they cannot count on, and agree on what follows",
    "preventive": "prevent it",
}
_ALL: tuple[IncidentState, ...] = get_args(IncidentState)


def demand_actions(ledger: Ledger, products: Iterable[Product], at: dt.datetime) -> list[IncidentAction]:
    """Record, once per series of breaches, what repeated breaches of an objective demand; returns what is new.

    One action mends the cause (capacity or redesign), one tells the business; both lie on the newest incident and hold
    promotions once they are overdue. A breach is an incident: one that flaps is one.
    """
    with ledger.transaction():
        return [made for product in products for one in held(product) for made in _demand(ledger, one, at)]


def _demand(ledger: Ledger, one: Held, at: dt.datetime) -> Iterator[IncidentAction]:
    series = _series(ledger, one, at)
    if len(series) < one.sla.repeated_breaches:
        return
    told = f"{len(series)} breaches of {one.promise} ({one.mode}) within {one.sla.repeated_within_days} days"
    mandate = Mandate(by=BY, at=at, reason=told)
    ids = {incident.incident_id for incident in series}
    known = {action.kind for action in actions(ledger, one.product) if action.incident_id in ids}
    for kind in (REMEDIES[one.objective.measure], "stakeholder"):
        if kind not in known:
            yield add_action(
                ledger,
                series[-1].incident_id,
                kind=kind,
                what=f"{told}: {_WHAT[kind]}",
                owner=one.owner.team,
                due_at=at + DUE_WITHIN[kind],
                by=mandate,
            )


def _series(ledger: Ledger, one: Held, at: dt.datetime) -> list[Incident]:
    since = at - dt.timedelta(days=one.sla.repeated_within_days)
    about = (one.promise, one.mode)
    found = incidents(ledger, one.product, states=_ALL)
    return [each for each in found if (each.promise, each.subject) == about and since <= each.opened_at <= at]
