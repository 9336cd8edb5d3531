"""GET /docs and the two files of the page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.serving.docs_page.page import read_asset, render_page
from platform_assets.serving.openapi.publication import Edition, Publication

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def docs_routes(publication: Publication) -> list[Route]:
    """Return the routes of the page over one publication; it is rendered once per edition."""
    rendered: tuple[Edition, str] | None = None

    async def page(_: Request) -> Response:
        nonlocal rendered
        edition = publication.current()
        if rendered is None or rendered[0] is not edition:
            rendered = edition, render_page(edition.document)
        return Response(rendered[1], headers=_HEADERS, media_type="text/html")

    async def style(_: Request) -> Response:
        return Response(read_asset("page.css"), headers=_HEADERS, media_type="text/css")

    async def script(_: Request) -> Response:
        return Response(read_asset("page.js"), headers=_HEADERS, media_type="text/javascript")

    return [
        Route("/docs", page, methods=["GET"]),
        Route("/docs/page.css", style, methods=["GET"]),
        Route("/docs/page.js", script, methods=["GET"]),
    ]
