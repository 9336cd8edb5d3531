"""What people look at before they do something about an incident."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import UnknownRecordError
from platform_assets.products._discovery import discover_products

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.incident_actions import IncidentAction
    from platform_assets.ledger.incidents import Incident
    from platform_assets.monitoring.incidents.draft import Draft
    from platform_assets.monitoring.incidents.timeline import TimelineLine


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with its probable cause, or the one that a person recorded, and how many actions are overdue."""

    incident: "Incident"
    holds_promotions: bool
    cause: str | None
    actions_open: int
    actions_overdue: int


class IncidentDetails(msgspec.Struct, frozen=True, kw_only=True):
    """All about one incident."""

    line: IncidentLine
    timeline: "list[TimelineLine]"
    draft: "Draft"
    actions: "list[IncidentAction]"


def incident_lines(
    ledger: "Ledger | None", product: str | None, at: dt.datetime, *, with_resolved: bool = False
) -> list[IncidentLine]:
    """Return the unresolved incidents of one product or of all, on request also the resolved ones, oldest first."""
    if ledger is None:
        return []
    from platform_assets.ledger.incidents import UNRESOLVED, incidents

    states = (*UNRESOLVED, "resolved") if with_resolved else UNRESOLVED
    with ledger.reading():
        return [_line(ledger, one, at) for one in incidents(ledger, product, states=states)]


def incident_details(ledger: "Ledger | None", incident_id: int, at: dt.datetime) -> IncidentDetails:
    """Return all about one incident; raises UnknownRecordError."""
    known, found, product = _found(ledger, incident_id)
    from platform_assets.ledger.incident_actions import actions
    from platform_assets.monitoring.incidents.draft import draft_cause
    from platform_assets.monitoring.incidents.timeline import timeline

    with known.reading():
        return IncidentDetails(
            line=_line(known, found, at),
            timeline=timeline(known, product, found, at),
            draft=draft_cause(known, product, found),
            actions=actions(known, incident_id=incident_id),
        )


def incident_document(ledger: "Ledger | None", incident_id: int, at: dt.datetime) -> str:
    """Return the document of an incident as Markdown; raises UnknownRecordError."""
    from platform_assets.monitoring.incidents.report import incident_report

    known, found, product = _found(ledger, incident_id)
    return incident_report(known, product, found, at)


def _found(ledger: "Ledger | None", incident_id: int) -> "tuple[Ledger, Incident, Product]":
    if ledger is None:
        raise UnknownRecordError(kind="incident", key=str(incident_id), remedy="no promise was ever broken here")
    from platform_assets.ledger.incidents import get_incident

    found = get_incident(ledger, incident_id)
    return ledger, found, _declared(found.product, discover_products())


def _declared(name: str, products: Sequence[Product]) -> Product:
    found = next((product for product in products if product.name == name), None)
    if found is None:
        remedy = "its file is gone; `platform incidents list --all --json` still shows what was recorded"
        raise UnknownRecordError(kind="product", key=name, remedy=remedy)
    return found


def _line(ledger: "Ledger", incident: "Incident", at: dt.datetime) -> IncidentLine:
    from platform_assets.ledger.incident_actions import actions
    from platform_assets.monitoring.incidents.draft import probable_cause
    from platform_assets.registry.promotion_holds import promotion_holds

    todo = actions(ledger, incident_id=incident.incident_id, undone_only=True)
    holders = {hold.incident_id for hold in promotion_holds(ledger, incident.product) if hold.holds(at)}
    return IncidentLine(
        incident=incident,
        holds_promotions=incident.incident_id in holders,
        cause=incident.root_cause or probable_cause(ledger, incident.incident_id),
        actions_open=len(todo),
        actions_overdue=sum(one.is_overdue(at) for one in todo),
    )
