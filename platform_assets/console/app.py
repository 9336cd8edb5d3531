"""The Starlette app of the console: wiring only."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from platform_assets.console.desk import Desk
from platform_assets.console.envelope import Envelope
from platform_assets.console.gate import access_of, followed
from platform_assets.console.parts import Console
from platform_assets.console.problems import http_problem, problem_of, unexpected_problem
from platform_assets.console.routes import ROUTES
from platform_assets.console.sessions import Sessions
from platform_assets.contract.product import Product
from platform_assets.errors import PlatformError
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings


def create_app(settings: Settings, products: Sequence[Product] | None = None) -> Starlette:
    """Return the console over the declared products, or others; raises AccessError and InvalidProductError."""
    console = Console(
        settings=settings,
        products=tuple(discover_products() if products is None else products),
        access=access_of(settings),
        sessions=Sessions(),
        looks=Desk(threads=4, waiting=16, deadline_s=15.0),
        replays=Desk(threads=2, waiting=4, deadline_s=120.0),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with followed(console.access):
            yield
        console.looks.close()
        console.replays.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Envelope, access=console.access, sessions=console.sessions)],
        exception_handlers={
            PlatformError: problem_of,
            HTTPException: http_problem,
            Exception: unexpected_problem,
        },
        lifespan=lifespan,
    )
    app.state.console = console
    return app
