"""The routes under /v2: each reads its request, calls one function and encodes what comes back."""

from collections.abc import Mapping
from typing import cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from platform_assets.errors import MethodNotAllowedError, NoReleaseError, UnknownModelVersionError, UnknownRouteError
from platform_assets.serving.access import caller_of
from platform_assets.serving.envelope import read_body
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.open_inference.binary import LENGTH_HEADER, split_body
from platform_assets.serving.open_inference.inputs import read_infer_request, to_predict_body
from platform_assets.serving.open_inference.metadata import SERVER, model_metadata
from platform_assets.serving.open_inference.outputs import encode_response, wanted_outputs
from platform_assets.serving.open_inference.problems import Handler, with_error_member
from platform_assets.serving.open_inference.wire import Live, ModelReady, Ready
from platform_assets.serving.parts import Parts
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.telemetry.tracing import trace_of
from platform_assets.serving.traffic.facts import RELEASE_HEADER, Headers
from platform_assets.serving.traffic.output_versions import named_version, release_in
from platform_assets.serving.traffic.reply_headers import deprecation_headers
from platform_assets.serving.wire import Answers

_JSON, _BYTES = "application/json", "application/octet-stream"
_MOST_SHOWN = 40
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def open_inference_routes(parts: Parts) -> list[Route]:
    """Return every route of the protocol over the parts of one app, and one for whatever else lies under /v2."""
    handlers = InferenceHandlers(parts)
    routes = [
        _route("/v2", handlers.server, "GET"),
        _route("/v2/", handlers.server, "GET"),
        _route("/v2/health/live", handlers.live, "GET"),
        _route("/v2/health/ready", handlers.ready, "GET"),
    ]
    for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        routes += [
            _route(model, handlers.model, "GET"),
            _route(f"{model}/ready", handlers.model_ready, "GET"),
            _route(f"{model}/infer", handlers.infer, "POST"),
        ]
    rest = Route("/v2/{rest:path}", with_error_member(_refuse(routes)), methods=_METHODS, include_in_schema=False)
    return [*routes, rest]


class InferenceHandlers:
    """One method per route."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts that the routes call."""
        self._parts = parts

    async def server(self, _: Request) -> Response:
        """Tell what the server is and which extensions it speaks."""
        return _json(SERVER)

    async def live(self, _: Request) -> Response:
        """Tell that the process answers."""
        return _json(Live())

    async def ready(self, _: Request) -> Response:
        """Tell whether every released product can be answered."""
        is_ready = (await self._parts.examine()).is_ready
        return _json(Ready(live=is_ready, ready=is_ready), status=200 if is_ready else 503)

    async def model(self, request: Request) -> Response:
        """Tell the tensors of a model."""
        return _json(model_metadata(self._asked(request)))

    async def model_ready(self, request: Request) -> Response:
        """Tell whether a model answers."""
        try:
            live = self._asked(request)
        except NoReleaseError:
            return _json(ModelReady(name=request.path_params["model"], ready=False), status=503)
        return _json(ModelReady(name=live.product.name, ready=True))

    async def infer(self, request: Request) -> Response:
        """Answer predictions; see wire.InferRequest and wire.InferResponse."""
        body = await read_body(request.receive)
        live = self._asked_in_version(request)
        header, buffers = split_body(body, request.headers.get(LENGTH_HEADER))
        asked = read_infer_request(header)
        wanted = wanted_outputs(asked)
        rows = to_predict_body(live, asked, buffers)
        # Nothing is awaited between `_asked` and the heart, so that both see the same release.
        request_id, trace = request_id_of(request.scope), trace_of(request.scope)
        headers = _headers(request, live)
        answered = await self._parts.heart.predict_body(
            rows, request_id=request_id, trace=trace, headers=headers, caller=caller_of(request.scope)
        )
        answers = cast("Answers", answered)  # rows are answered by rows
        loaded = self._parts.releases.states[answers.product].lives
        version = loaded.get(answers.release_id, live).release.model_version
        told = deprecation_headers(self._parts.releases.split(answers.product), answers)
        return _tensors(*encode_response(answers, wanted, model_version=version, caller_id=asked.id), told)

    def _asked_in_version(self, request: Request) -> LiveRelease:
        """Return the release whose inputs a call sends: the live one, or that of the output version that it names."""
        live, version = self._asked(request), named_version(request.scope["headers"])
        if version is None:
            return live
        return release_in(live, self._parts.releases.split(live.product.name), version, self._parts.heart.wall()).live

    def _asked(self, request: Request) -> LiveRelease:
        """Return the live release of the model in the URL; a version must be the live one."""
        live = self._parts.releases.current(request.path_params["model"])
        asked, version = request.path_params.get("version"), live.release.model_version
        if asked not in {None, str(version)}:
            raise UnknownModelVersionError(product=live.product.name, asked=str(asked)[:_MOST_SHOWN], live=version)
        return live


def _headers(request: Request, live: LiveRelease) -> Headers:
    """Return the headers of a call; one that names a version in its path asks for the release of that version."""
    sent = request.scope["headers"]
    if "version" not in request.path_params:
        return [*sent]
    return [*sent, (RELEASE_HEADER.lower().encode("ascii"), live.release.release_id.encode("ascii"))]


def _route(path: str, handler: Handler, method: str) -> Route:
    return Route(path, with_error_member(handler), methods=[method])


def _refuse(routes: list[Route]) -> Handler:
    """Return a handler for what no route takes, which knows a wrong method from a wrong path."""

    async def refuse(request: Request) -> Response:
        path = request.url.path[:200]
        for route in routes:
            if route.matches(request.scope)[0] is Match.PARTIAL:
                allowed = ", ".join(sorted(route.methods or ()))
                raise MethodNotAllowedError(method=request.method, path=path, allowed=allowed)
        raise UnknownRouteError(path=path)

    return refuse


def _json(content: msgspec.Struct, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type=_JSON)


def _tensors(header: bytes, buffers: bytes, headers: Mapping[str, str]) -> Response:
    if not buffers:
        return Response(header, headers=headers, media_type=_JSON)
    return Response(header + buffers, headers={**headers, LENGTH_HEADER: str(len(header))}, media_type=_BYTES)
