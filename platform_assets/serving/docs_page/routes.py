"""GET /docs and the two files of the page."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.serving.docs_page.page import read_asset, render_page
from platform_assets.serving.openapi.publication import MOST_EDITIONS, Edition, Served

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def docs_routes(edition_for: Callable[[Request], Edition]) -> list[Route]:
    """Return the routes of the page of the page; it is rendered once per edition.

    A browser sends no credential with a page. Who may not see the products gets the page without them.
    """
    rendered: dict[Served, str] = {}

    async def page(request: Request) -> Response:
        edition = edition_for(request)
        known = rendered.get(edition.served)
        if known is None:
            if len(rendered) >= MOST_EDITIONS:
                rendered.clear()
            known = rendered[edition.served] = render_page(edition.document)
        return Response(known, headers=_HEADERS, media_type="text/html")

    async def style(_: Request) -> Response:
        return Response(read_asset("page.css"), headers=_HEADERS, media_type="text/css")

    async def script(_: Request) -> Response:
        return Response(read_asset("page.js"), headers=_HEADERS, media_type="text/javascript")

    return [
        Route("/docs", page, methods=["GET"]),
        Route("/docs/page.css", style, methods=["GET"]),
        Route("/docs/page.js", script, methods=["GET"]),
    ]
