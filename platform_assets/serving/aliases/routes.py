"""The routes of the aliases: the answers of POST /v1/predict with the headers of a deprecation, until the sunset."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.errors import PlatformError, RouteRetiredError
from platform_assets.serving.access import Asker, caller_of
from platform_assets.serving.aliases.dates import HEADERS, SUCCESSOR, SUNSET_AT
from platform_assets.serving.aliases.requests import SchemaOf, read_entities, read_entity, read_payload
from platform_assets.serving.envelope import read_body
from platform_assets.serving.parts import Parts
from platform_assets.serving.problems import platform_problem
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.telemetry.tracing import trace_of
from platform_assets.serving.wire import PredictRequest

Read = Callable[[bytes, SchemaOf], PredictRequest]
Handler = Callable[[Request], Awaitable[Response]]


def alias_routes(parts: Parts) -> list[Route]:
    """Return the aliases over the parts of one app."""
    readers: dict[str, Read] = {
        "/predict": read_payload,
        "/predict/feast": read_entity,
        "/predict/feast/batch": read_entities,
    }
    return [Route(path, _alias(parts, read), methods=["POST"]) for path, read in readers.items()]


def _alias(parts: Parts, read: Read) -> Handler:
    """Return a handler whose every answer, good or bad, tells its successor and its end."""

    async def answer(request: Request) -> Response:
        try:
            response = await _predict(parts, read, request)
        except PlatformError as error:
            response = platform_problem(request, error)
        response.headers.update(HEADERS)
        return response

    return answer


async def _predict(parts: Parts, read: Read, request: Request) -> Response:
    if parts.heart.wall() >= SUNSET_AT:
        sunset = SUNSET_AT.date().isoformat()
        raise RouteRetiredError(path=request.url.path, sunset=sunset, successor=SUCCESSOR)
    scope, heart = request.scope, parts.heart
    caller, request_id = caller_of(scope), request_id_of(scope)

    def schema_of(product: str) -> RowSchema:
        heart.permit(Asker(heart.access, caller, request_id), product)
        return parts.releases.current(product).schema

    asked = read(await read_body(request.receive), schema_of)
    answers = await heart.predict(
        asked, request_id=request_id, trace=trace_of(scope), headers=scope["headers"], caller=caller
    )
    return Response(msgspec.json.encode(answers), media_type="application/json")
