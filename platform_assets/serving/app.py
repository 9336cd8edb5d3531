"""The endpoint of one platform: wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from platform_assets.serving.asgi import build_app
from platform_assets.serving.connections import connect_parts
from platform_assets.settings import Settings


def create_app(settings: Settings) -> Starlette:
    """Return the endpoint over the releases and the online store that the settings name; its lifespan loads them."""
    connected = connect_parts(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected.open():
            yield

    return build_app(connected.parts, lifespan)
