"""Who looks at the console and what they may see: the same decisions, credentials and access log as the endpoint's."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from platform_assets.access.caller import Asked
from platform_assets.access.control import AccessControl
from platform_assets.access.following import following
from platform_assets.access.log_chain import Chain
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_writer import AccessLog
from platform_assets.access.source import AccessSource
from platform_assets.access.words import UNVERSIONED, Action, Resource, facility
from platform_assets.clock import wall_now
from platform_assets.contract.product import Product
from platform_assets.serving.access import OPEN_ACCESS, Access, Asker, asked_of, caller_of
from platform_assets.serving.request_ids import request_id_of
from platform_assets.settings import Settings

CATALOGUE = Asked(facility("catalogue"), UNVERSIONED, "describe")
_CHAIN = "console"


def access_of(settings: Settings) -> Access:
    """Return what decides; raises AccessError where accesses could not be accounted for."""
    if settings.access == "open":
        return OPEN_ACCESS
    log = AccessLog(Chain(LogFiles.of(settings), _CHAIN), say=say)
    return AccessControl(AccessSource(settings), log, wall_now)


@asynccontextmanager
async def followed(access: Access) -> AsyncIterator[None]:
    """Follow policy and keys inside this context; at its end every access is on disk."""
    if not isinstance(access, AccessControl):
        say("access control is off (PLATFORM_ACCESS=open): every program on this machine may see everything")
        yield
        return
    async with following(access, say):
        yield


def asker_of(request: Request) -> Asker:
    """Return the caller of a request in front of what decides."""
    return Asker(request.app.state.console.access, caller_of(request.scope), request_id_of(request.scope))


def of_product(product: str, resource: Resource, action: Action) -> Asked:
    """Return what is asked of a product as a whole."""
    return asked_of(product, resource, UNVERSIONED, action)


def observable(asker: Asker, products: tuple[Product, ...]) -> list[Product]:
    """Return the products whose operation the caller may observe; each is told to the access log.

    Raises AccessDeniedError when there is none.
    """
    asked = {each.name: of_product(each.name, "releases", "observe") for each in products}
    found = [each for each in products if asker.may(asked[each.name])]
    for each in found or products[:1]:
        asker.require(asked[each.name])
    return found


def say(line: str) -> None:
    """Write a line to the log of the service."""
    sys.stderr.write(f"console: {line}\n")
    sys.stderr.flush()
