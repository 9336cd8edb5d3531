"""The outermost layer of every HTTP request: its id, its trace, its duration and the limit on its body."""

import time
from collections.abc import Callable
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platform_assets.clock import wall_now
from platform_assets.errors import BodyTooLargeError, UnreadableBodyError
from platform_assets.serving.limits import MAX_BODY_BYTES
from platform_assets.serving.request_ids import HEADER, assign_request_id
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.telemetry.tracing import RequestTrace, keep_trace

LOOPBACK = frozenset({"127.0.0.1", "::1"})
_NO_ANSWER = _FAILED = 500
_DEBUG_TIMING, _YES = b"x-debug-timing", b"1"


class Spans(Protocol):
    """Takes the trace of each request that has ended."""

    def send(self, trace: RequestTrace, *, route: str, status: int, seconds: float, ended_at: float) -> None:
        """Queue a trace; returns at once."""
        ...


class Envelope:
    """Gives each request an id and a trace that are echoed, and counts it; plain ASGI, so it costs next to nothing."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        timer: Callable[[], float] = time.perf_counter,
        spans: Spans | None = None,
    ) -> None:
        """Wrap an app; without `spans` no trace leaves the process."""
        self._app = app
        self._metrics = metrics
        self._timer = timer
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; lifespan messages go through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent: dict[bytes, bytes] = dict(scope["headers"])
        trace = RequestTrace(sent.get(b"traceparent"), self._timer)
        keep_trace(scope, trace)
        known_trace = trace.trace_id if trace.is_continued else None
        request_id = assign_request_id(scope, sent.get(HEADER, b""), trace_id=known_trace).encode("ascii")
        is_timing_asked = sent.get(_DEBUG_TIMING) == _YES and _is_local(scope)
        status = _NO_ANSWER

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (HEADER, request_id)]
                if known_trace is not None or self._spans is not None:
                    headers.append((b"traceresponse", trace.traceresponse))
                if is_timing_asked:
                    headers.append((b"server-timing", trace.server_timing))
                message["headers"] = headers
            await send(message)

        metrics = self._metrics
        metrics.in_flight += 1
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            metrics.in_flight -= 1
            self._end(scope, trace, status)

    def _end(self, scope: Scope, trace: RequestTrace, status: int) -> None:
        route, seconds = _route(scope), self._timer() - trace.started
        self._metrics.observe_request(route=route, status=status, seconds=seconds)
        if trace.product is not None:
            self._metrics.observe_product(trace.product, is_failed=status >= _FAILED, seconds=seconds)
        if self._spans is not None:
            self._spans.send(trace, route=route, status=status, seconds=seconds, ended_at=wall_now().timestamp())


async def read_body(receive: Receive) -> bytes:
    """Return the whole body; raises BodyTooLargeError as soon as it grows over the limit."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":  # what came so far may be whole JSON, but nobody waits for an answer
            raise UnreadableBodyError(problem="the connection ended before the body did")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError(limit_bytes=MAX_BODY_BYTES)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _is_local(scope: Scope) -> bool:
    """Tell whether the caller is on this machine, the only one who may see timings."""
    client = scope.get("client")
    return client is not None and client[0] in LOOPBACK


def _route(scope: Scope) -> str:
    """Return the route's template, never the path: a label must not hold what callers invent."""
    route = scope.get("route")
    return str(getattr(route, "path", "unknown"))
