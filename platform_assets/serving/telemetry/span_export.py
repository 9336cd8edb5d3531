"""Traces as OpenTelemetry spans, sent by OTLP over HTTP; imported only where PLATFORM_OTLP_URL names a collector."""

import secrets

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from platform_assets.errors import MissingToolError
from platform_assets.serving.telemetry.tracing import RequestTrace

_NS = 1_000_000_000
_SERVICE = "platform-endpoint"


def otlp_export(url: str) -> "SpanExport":
    """Return the export to a collector; raises MissingToolError where its package is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter  # type: ignore[import-not-found]  # noqa: PLC0415 - an optional package
    except ImportError as error:
        remedy = "install opentelemetry-exporter-otlp-proto-http, or unset PLATFORM_OTLP_URL."
        raise MissingToolError(tool="the OTLP exporter of OpenTelemetry", remedy=remedy) from error
    return SpanExport(trace_exporter.OTLPSpanExporter(endpoint=url))


class SpanExport:
    """Sends the sampled requests in the background: one span per request, one below it per stage."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Take what sends the spans; a full queue drops spans and delays nobody."""
        self._processor = BatchSpanProcessor(exporter)
        self._resource = Resource.create({"service.name": _SERVICE})

    def send(self, trace: RequestTrace, *, route: str, status: int, seconds: float, ended_at: float) -> None:
        """Queue the spans of a request that took `seconds` and ended at an instant in seconds since 1970."""
        if not trace.is_sampled:
            return
        started = int((ended_at - seconds) * _NS)
        own, parent = _context(trace.trace_id, trace.span_id), None
        if trace.parent_id is not None:
            parent = _context(trace.trace_id, trace.parent_id, is_remote=True)
        attributes: dict[str, str | int] = {"http.route": route, "http.response.status_code": status}
        self._queue(route, own, parent, (started, int(ended_at * _NS)), kind=SpanKind.SERVER, attributes=attributes)
        for stage, stage_seconds in trace.stages:
            ended = started + int(stage_seconds * _NS)
            self._queue(stage, _context(trace.trace_id, secrets.token_hex(8)), own, (started, ended))
            started = ended

    def close(self) -> None:
        """Send what is queued and end."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _queue(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        between: tuple[int, int],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: dict[str, str | int] | None = None,
    ) -> None:
        self._processor.on_end(
            ReadableSpan(
                name,
                context=context,
                parent=parent,
                resource=self._resource,
                attributes=attributes,
                kind=kind,
                start_time=between[0],
                end_time=between[1],
            )
        )


def _context(trace_id: str, span_id: str, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote, TraceFlags(TraceFlags.SAMPLED))
