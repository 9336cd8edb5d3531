"""What the endpoint tells about itself: GET /openapi.json, and the page for people at /docs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.words import UNVERSIONED
from platform_assets.serving.access import asked_of
from platform_assets.serving.docs_page.routes import docs_routes
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.openapi.publication import Edition, Publication
from platform_assets.serving.openapi.table import all_operations
from platform_assets.serving.parts import Parts


def description_routes(parts: Parts) -> list[Route]:
    """Return the routes of the document and of the page, both over the same edition."""
    operations = all_operations(has_jobs=parts.jobs is not None, has_deployments=parts.deployments is not None)
    publication = Publication(parts.releases, operations)

    def edition_for(request: Request) -> Edition:
        asker = asker_of(request, parts)
        return publication.current(lambda name: asker.may(asked_of(name, "contract", UNVERSIONED, "describe")))

    async def document(request: Request) -> Response:
        return Response(edition_for(request).content, media_type="application/json")

    return [Route("/openapi.json", document, methods=["GET"]), *docs_routes(edition_for)]
