"""The first page: find a prediction by its id, and how every product stands."""

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.product_status import ProductStatus, product_statuses
from platform_assets.commands.sla_records import sla_lines
from platform_assets.console.gate import CATALOGUE, asker_of, of_product
from platform_assets.console.pages import answer
from platform_assets.console.parts import console_of
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.incidents import UNRESOLVED, Incident, incidents
from platform_assets.serving.access import Asker
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger

_WORST_FIRST: tuple[PromiseState, ...] = ("broken", "at_risk", "unknown", "kept")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a product stands: its release and batch, the worst of its objectives, and what nobody has resolved."""

    status: ProductStatus
    sla: PromiseState
    incidents: list[Incident]


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product; `standing` is for those who may observe it."""

    name: str
    title: str
    output_version: int
    standing: Standing | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may know of."""

    told_at: dt.datetime
    may_audit: bool
    products: list[ProductRow]


async def see_overview(request: Request) -> Response:
    """GET /: the products whose contract the caller may read."""
    console, asker = console_of(request), asker_of(request)
    asker.require(CATALOGUE)
    shown = [each for each in console.products if asker.may(of_product(each.name, "contract", "describe"))]
    observed = _observed(asker, shown)
    may_audit = any(asker.may(of_product(each.name, "evidence", "audit")) for each in shown)
    at = wall_now()
    rows = await console.looks.do(partial(_rows, console.settings, shown, observed, at))
    return answer(request, "overview.html", Overview(told_at=at, may_audit=may_audit, products=rows))


async def find(request: Request) -> Response:
    """GET /predictions?id=...: go to the page of a prediction."""
    wanted = request.query_params.get("id", "").strip()
    return RedirectResponse(f"/predictions/{quote(wanted, safe='')}" if wanted else "/", status_code=303)


def _observed(asker: Asker, products: list[Product]) -> set[str]:
    """Return the names of the products whose standing is shown; each is told to the access log."""
    asked = {each.name: of_product(each.name, "releases", "observe") for each in products}
    found = {name for name, observe in asked.items() if asker.may(observe)}
    for name in sorted(found):
        asker.require(asked[name])
    return found


def _rows(settings: Settings, shown: list[Product], observed: set[str], at: dt.datetime) -> list[ProductRow]:
    ledger = existing_ledger(settings)
    return [
        ProductRow(
            name=product.name,
            title=product.title,
            output_version=product.score.schema_version,
            standing=_standing(settings, ledger, product, at) if product.name in observed else None,
        )
        for product in shown
    ]


def _standing(settings: Settings, ledger: "Ledger | None", product: Product, at: dt.datetime) -> Standing:
    [status] = product_statuses(settings, [product], wall=at)
    states = {line.state for line in sla_lines(ledger, [product], at)}
    return Standing(
        status=status,
        sla=next((state for state in _WORST_FIRST if state in states), "unknown"),
        incidents=incidents(ledger, product.name, states=UNRESOLVED) if ledger else [],
    )
