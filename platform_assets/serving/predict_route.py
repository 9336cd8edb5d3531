"""POST /v1/predict as plain ASGI: the route that almost every request takes pays for no router."""

from collections.abc import MutableMapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from platform_assets.errors import PlatformError
from platform_assets.serving.access import caller_of
from platform_assets.serving.asked import Asked
from platform_assets.serving.envelope import read_body
from platform_assets.serving.heart import Heart
from platform_assets.serving.model_parameter import named_by_address
from platform_assets.serving.problems import platform_problem
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.telemetry.tracing import trace_of
from platform_assets.serving.traffic.reply_headers import as_raw, deprecation_headers
from platform_assets.serving.wire import Answers, SingleAnswer

PREDICT_PATH = "/v1/predict"
_ENCODER = msgspec.json.Encoder()
_ASKED = "platform_asked"
_CONTENT_TYPE = (b"content-type", b"application/json")


def keep_asked(scope: MutableMapping[str, Any], asked: Asked | None) -> None:
    """Remember what the body of the request in hand asks: who has read it spares the route to do so again."""
    scope[_ASKED] = asked


class PredictRoute:
    """Answers predictions; see wire.PredictRequest and wire.Answers."""

    path = PREDICT_PATH  # what the metrics name

    def __init__(self, heart: Heart) -> None:
        """Take the heart that answers."""
        self._heart = heart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; errors of ours become problem details."""
        try:
            body = await read_body(receive)
            answers = await self._predict(scope, body)
        except PlatformError as error:
            await platform_problem(Request(scope), error)(scope, receive, send)
            return
        content = _ENCODER.encode(answers)
        headers = [_CONTENT_TYPE, (b"content-length", str(len(content)).encode("ascii"))]
        split = self._heart.releases.split(answers.product)
        if split is not None:
            headers += as_raw(deprecation_headers(split, answers))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _predict(self, scope: Scope, body: bytes) -> Answers | SingleAnswer:
        request_id, trace, headers, caller = request_id_of(scope), trace_of(scope), scope["headers"], caller_of(scope)
        heart = self._heart
        if scope["query_string"]:
            request = named_by_address(body, scope["query_string"])
            if request is not None:
                return await heart.predict(request, request_id=request_id, trace=trace, headers=headers, caller=caller)
        asked = scope.get(_ASKED)
        return await heart.predict_body(
            body, request_id=request_id, trace=trace, headers=headers, caller=caller, asked=asked
        )


class ShortCut:
    """Sends POST requests of one path straight to their route; everything else goes on to the router."""

    def __init__(self, app: ASGIApp, *, route: PredictRoute) -> None:
        """Stand before an app."""
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to its route or on."""
        if scope["type"] == "http" and scope["path"] == PREDICT_PATH and scope["method"] == "POST":
            scope["route"] = self._route
            await self._route(scope, receive, send)
        else:
            await self._app(scope, receive, send)
