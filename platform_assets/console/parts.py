"""What the pages work with: one value per process, in the state of the app."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from platform_assets.console.desk import Desk
from platform_assets.console.sessions import Sessions
from platform_assets.contract.product import Product
from platform_assets.serving.access import Access
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Console:
    """One console: `looks` is for pages that read records, `replays` for what computes predictions again."""

    settings: Settings
    products: tuple[Product, ...]
    access: Access
    sessions: Sessions
    looks: Desk
    replays: Desk


def console_of(request: Request) -> Console:
    """Return the console that a request came to."""
    return cast("Console", request.app.state.console)
