"""One product: what its consumers may rely on, and for those who may observe it how that stands."""

import datetime as dt
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.access.identity import Identity
from platform_assets.access.words import consumer_actor
from platform_assets.clock import wall_now
from platform_assets.commands.contract_records import key_types
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.incident_records import IncidentLine, incident_lines
from platform_assets.commands.product_status import ProductStatus, product_statuses
from platform_assets.commands.promise_records import PromiseLine, promise_lines
from platform_assets.commands.sla_records import SlaLine, sla_lines
from platform_assets.console.contract_words import (
    ColumnWords,
    VersionWords,
    column_words,
    contract_words,
    version_words,
)
from platform_assets.console.gate import asker_of, of_product
from platform_assets.console.pages import answer
from platform_assets.console.parts import console_of
from platform_assets.consumers import readers_of
from platform_assets.contract.product import Product
from platform_assets.contract.version_readers import VersionReader, version_readers
from platform_assets.errors import UnknownProductError
from platform_assets.serving.access import Asker, plain_product
from platform_assets.settings import Settings


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """How a product stands: its release and batch, its promises and objectives, and its open incidents."""

    status: ProductStatus
    promises: list[PromiseLine]
    slas: list[SlaLine]
    incidents: list[IncidentLine]


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """A product in words. Readers are all of them for those who may observe it, else those that the caller is."""

    name: str
    title: str
    description: str
    told_at: dt.datetime
    contract: dict[str, str]
    versions: list[VersionWords]
    columns: list[ColumnWords]
    readers: list[VersionReader]
    operation: Operation | None


async def see_product(request: Request) -> Response:
    """GET /products/{name}: its contract; release, promises and incidents for those who may observe it."""
    console, asker = console_of(request), asker_of(request)
    name = request.path_params["name"]
    # Before anything is looked up: whether a product exists is told to nobody who may not have it.
    asker.require(of_product(plain_product(name), "contract", "describe"))
    product = _named(console.products, asker, name)
    observe = of_product(product.name, "releases", "observe")
    is_observed = asker.may(observe)
    if is_observed:
        asker.require(observe)
    page = await console.looks.do(partial(_page, console.settings, product, wall_now(), is_observed=is_observed))
    if not is_observed:
        page = msgspec.structs.replace(page, readers=[one for one in page.readers if _is_caller(asker, one)])
    return answer(request, "product.html", page)


def _named(products: tuple[Product, ...], asker: Asker, name: str) -> Product:
    found = next((each for each in products if each.name == name), None)
    if found is None:
        known = [each.name for each in products if asker.may(of_product(each.name, "contract", "describe"))]
        raise UnknownProductError(product=name[:100], known=", ".join(known))
    return found


def _page(settings: Settings, product: Product, at: dt.datetime, *, is_observed: bool) -> ProductPage:
    return ProductPage(
        name=product.name,
        title=product.title,
        description=product.description,
        told_at=at,
        contract=contract_words(product),
        versions=version_words(product, at),
        columns=column_words(product, key_types(settings, product)),
        readers=version_readers(product, readers_of(product.name), at),
        operation=_operation(settings, product, at) if is_observed else None,
    )


def _operation(settings: Settings, product: Product, at: dt.datetime) -> Operation:
    ledger = existing_ledger(settings)
    [status] = product_statuses(settings, [product], wall=at)
    return Operation(
        status=status,
        promises=promise_lines(settings, [product], wall=at),
        slas=sla_lines(ledger, [product], at),
        incidents=incident_lines(ledger, product.name, at),
    )


def _is_caller(asker: Asker, reader: VersionReader) -> bool:
    identity = asker.caller.identity
    return isinstance(identity, Identity) and consumer_actor(reader.consumer) in identity.actors
