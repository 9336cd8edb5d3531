"""The outermost layer of every HTTP request: its id, its duration and the limit on its body."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platform_assets.errors import BodyTooLargeError
from platform_assets.serving.limits import MAX_BODY_BYTES
from platform_assets.serving.metrics import Metrics
from platform_assets.serving.request_ids import HEADER, assign_request_id

_NO_ANSWER = 500


class Envelope:
    """Gives each request an id that is echoed, and counts it by route; plain ASGI, so it costs next to nothing."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, timer: Callable[[], float] = time.perf_counter) -> None:
        """Wrap an app."""
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; lifespan messages go through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = assign_request_id(scope).encode("ascii")
        started, status = self._timer(), _NO_ANSWER

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._metrics.observe_request(route=_route(scope), status=status, seconds=self._timer() - started)


async def read_body(receive: Receive) -> bytes:
    """Return the whole body; raises BodyTooLargeError as soon as it grows over the limit."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError(limit_bytes=MAX_BODY_BYTES)
        parts.append(part)
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _route(scope: Scope) -> str:
    """Return the route's template, never the path: a label must not hold what callers invent."""
    route = scope.get("route")
    return str(getattr(route, "path", "unknown"))
