"""Breaches of promises: which there are, and all about one of them."""

import datetime as dt
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.incident_records import (
    IncidentDetails,
    IncidentLine,
    incident_details,
    incident_document,
    incident_lines,
)
from platform_assets.console.gate import asker_of, observable, of_product
from platform_assets.console.pages import answer
from platform_assets.console.parts import console_of
from platform_assets.contract.product import Product
from platform_assets.serving.access import Asker
from platform_assets.settings import Settings


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents of the products that a caller may observe, the newest first."""

    told_at: dt.datetime
    with_resolved: bool
    lines: list[IncidentLine]


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """All about one incident, and its document as drafted."""

    told_at: dt.datetime
    details: IncidentDetails
    document: str


async def see_incidents(request: Request) -> Response:
    """GET /incidents: what nobody has resolved; with `?all=1` also what is."""
    console, asker = console_of(request), asker_of(request)
    names = {each.name for each in observable(asker, console.products)}
    at, with_resolved = wall_now(), request.query_params.get("all") == "1"
    lines = await console.looks.do(partial(_lines, console.settings, at, with_resolved=with_resolved))
    shown = [line for line in reversed(lines) if line.incident.product in names]
    return answer(request, "incidents.html", Incidents(told_at=at, with_resolved=with_resolved, lines=shown))


async def see_incident(request: Request) -> Response:
    """GET /incidents/{id}: facts, timeline, probable causes, actions and the document."""
    console, asker = console_of(request), asker_of(request)
    _require_some(asker, console.products)
    page = await console.looks.do(partial(_page, console.settings, request.path_params["incident_id"], wall_now()))
    asker.require(of_product(page.details.line.incident.product, "releases", "observe"))
    return answer(request, "incident.html", page)


def _require_some(asker: Asker, products: tuple[Product, ...]) -> None:
    """Refuse whoever may observe nothing, who learns not even which numbers there are; nothing else is logged yet."""
    asked = [of_product(each.name, "releases", "observe") for each in products]
    if not any(map(asker.may, asked)):
        for each in asked[:1]:
            asker.require(each)


def _lines(settings: Settings, at: dt.datetime, *, with_resolved: bool) -> list[IncidentLine]:
    return incident_lines(existing_ledger(settings), None, at, with_resolved=with_resolved)


def _page(settings: Settings, incident_id: int, at: dt.datetime) -> IncidentPage:
    ledger = existing_ledger(settings)
    return IncidentPage(
        told_at=at,
        details=incident_details(ledger, incident_id, at),
        document=incident_document(ledger, incident_id, at),
    )
