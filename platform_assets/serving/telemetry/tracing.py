"""One request as a trace: its W3C trace context, and how long each of its stages took."""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar

from starlette.types import Scope

# W3C Trace Context, version 00; a later version may append fields, which are ignored.
_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FORBIDDEN_VERSION, _KNOWN_VERSION = b"ff", b"00"
_NO_TRACE, _NO_SPAN = b"0" * 32, b"0" * 16
_SAMPLED = 0x01
_SCOPE_KEY = "platform_trace"
_MS = 1000.0
_CURRENT: "ContextVar[RequestTrace | None]" = ContextVar("trace", default=None)


class RequestTrace:
    """The stages of one request in the order of their laps; its ids are drawn when somebody first asks for them.

    `stages` holds (stage, seconds) and is what `Metrics.observe_call` takes. `parent_id` is None without a caller's
    context. `is_sampled` is the caller's decision; a request without one is sampled. `last` is the end of the last lap,
    `product` whose predictions were asked for, where they were.
    """

    __slots__ = (
        *("_span_id", "_timer", "_trace_id"),
        *("is_sampled", "last", "parent_id", "product", "stages", "started"),
    )

    def __init__(self, traceparent: bytes | None = None, timer: Callable[[], float] = time.perf_counter) -> None:
        """Start the first stage; a `traceparent` that breaks the rules counts as none."""
        self._timer = timer
        self._trace_id = self._span_id = ""
        self.parent_id: str | None = None
        self.is_sampled = True
        self.product: str | None = None
        self.stages: list[tuple[str, float]] = []
        if traceparent is not None:
            self._continue(traceparent)
        self.started = self.last = timer()

    def lap(self, stage: str) -> None:
        """End a stage and begin the next."""
        now = self._timer()
        self.stages.append((stage, now - self.last))
        self.last = now

    def lap_with(self, stages: Iterable[tuple[str, float]], *, rest: str) -> None:
        """End a stretch whose stages were timed elsewhere, in seconds; what they leave of it is the stage `rest`."""
        now = self._timer()
        left = now - self.last
        for stage, seconds in stages:
            self.stages.append((stage, seconds))
            left -= seconds
        self.stages.append((rest, max(left, 0.0)))
        self.last = now

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds from the start to the end of the last lap."""
        return round((self.last - self.started) * _MS, 3)

    @property
    def is_continued(self) -> bool:
        """Whether the caller sent a usable trace context."""
        return self.parent_id is not None

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits, the caller's where it sent some."""
        if not self._trace_id:
            self._trace_id = secrets.token_hex(16)
        return self._trace_id

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits that name this request within its trace."""
        if not self._span_id:
            self._span_id = secrets.token_hex(8)
        return self._span_id

    @property
    def traceresponse(self) -> bytes:
        """The trace context of the answer, as W3C spells it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}".encode("ascii")

    @property
    def server_timing(self) -> bytes:
        """The stages and the whole in milliseconds, as the header Server-Timing spells them."""
        stages = [f"{stage};dur={seconds * _MS:.3f}" for stage, seconds in self.stages]
        return ", ".join([*stages, f"total;dur={(self._timer() - self.started) * _MS:.3f}"]).encode("ascii")

    def _continue(self, traceparent: bytes) -> None:
        found = _TRACEPARENT.fullmatch(traceparent)
        if found is None:
            return
        version, trace_id, parent_id, flags, more = found.groups()
        is_usable = version != _FORBIDDEN_VERSION and trace_id != _NO_TRACE and parent_id != _NO_SPAN
        if is_usable and not (version == _KNOWN_VERSION and more):
            self._trace_id, self.parent_id = trace_id.decode("ascii"), parent_id.decode("ascii")
            self.is_sampled = bool(int(flags, 16) & _SAMPLED)


def keep_trace(scope: Scope, trace: RequestTrace) -> None:
    """Remember the trace of the request in hand; its task and what that starts log under it."""
    scope[_SCOPE_KEY] = trace
    _CURRENT.set(trace)


def current_trace() -> RequestTrace | None:
    """Return the trace of the request that this task works for, None outside of one."""
    return _CURRENT.get()


def trace_of(scope: Scope) -> RequestTrace:
    """Return the trace of the request in hand; outside the envelope, a new one."""
    trace = scope.get(_SCOPE_KEY)
    return trace if isinstance(trace, RequestTrace) else RequestTrace()
