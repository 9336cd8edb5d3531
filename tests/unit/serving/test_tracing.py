"""A caller's trace context is continued, a wrong one is ignored, and timings are shown on request."""

import subprocess
import sys
from itertools import count

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Receive, Scope, Send

from platform_assets.errors import MissingToolError
from platform_assets.serving.envelope import Envelope
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.telemetry.span_export import SpanExport, otlp_export
from platform_assets.serving.telemetry.tracing import RequestTrace, trace_of

pytestmark = pytest.mark.anyio

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{PARENT}-01"


async def answer(scope: Scope, _: Receive, send: Send) -> None:
    """Answer with the request id after two stages."""
    for stage in ("validate", "score"):
        trace_of(scope).lap(stage)
    body = request_id_of(scope).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def get(headers: dict[str, str], *, caller: str = "127.0.0.1", spans: SpanExport | None = None) -> httpx.Response:
    app = Envelope(answer, metrics=Metrics(), spans=spans)
    transport = httpx.ASGITransport(app, client=(caller, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
        return await client.get("/", headers=headers)


async def test_a_trace_goes_on_with_a_span_of_its_own_and_names_the_request() -> None:
    response = await get({"traceparent": SENT})
    version, trace, span, flags = response.headers["traceresponse"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span not in {PARENT, "0" * 16}
    assert response.text == response.headers["x-request-id"] == TRACE


async def test_the_callers_own_request_id_goes_before_its_trace() -> None:
    response = await get({"traceparent": SENT, "x-request-id": "order-7"})
    assert response.text == "order-7"


async def test_a_request_without_a_trace_gets_none_back() -> None:
    assert "traceresponse" not in (await get({})).headers


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
    ],
)
def test_a_context_that_breaks_the_standard_counts_as_none(wrong: str) -> None:
    assert not RequestTrace(wrong.encode()).is_continued


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    assert RequestTrace(f"01-{TRACE}-{PARENT}-01-more".encode()).trace_id == TRACE


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("fe", False)])
def test_the_callers_decision_to_sample_is_obeyed(flags: str, *, is_sampled: bool) -> None:
    assert RequestTrace(f"00-{TRACE}-{PARENT}-{flags}".encode()).is_sampled is is_sampled


def test_laps_hold_each_stage_with_its_seconds() -> None:
    ticks = count(10.0, 0.5)
    trace = RequestTrace(timer=lambda: next(ticks))
    trace.lap("validate")
    trace.lap("score")
    assert trace.stages == [("validate", 0.5), ("score", 0.5)]
    assert trace.elapsed_ms == 1000.0
    assert trace.server_timing == b"validate;dur=500.000, score;dur=500.000, total;dur=1500.000"


async def test_a_caller_on_this_machine_may_see_the_stages_and_nobody_else() -> None:
    asked = {"x-debug-timing": "1"}
    shown = (await get(asked)).headers["server-timing"]
    assert [part.partition(";")[0] for part in shown.split(", ")] == ["validate", "score", "total"]
    assert "server-timing" not in (await get(asked, caller="192.0.2.7")).headers
    assert "server-timing" not in (await get({})).headers


async def test_spans_of_the_request_and_its_stages_hang_below_the_callers() -> None:
    exporter = InMemorySpanExporter()
    spans = SpanExport(exporter)
    response = await get({"traceparent": SENT}, spans=spans)
    await get({"traceparent": f"00-{TRACE}-{PARENT}-00"}, spans=spans)  # not sampled
    spans.close()
    whole, *stages = exporter.get_finished_spans()
    assert whole.context is not None
    assert whole.parent is not None
    assert f"{whole.context.trace_id:032x}" == TRACE
    assert (f"{whole.parent.span_id:016x}", whole.parent.is_remote) == (PARENT, True)
    assert response.headers["traceresponse"] == f"00-{TRACE}-{whole.context.span_id:016x}-01"
    assert [stage.name for stage in stages] == ["validate", "score"]
    assert {stage.parent and stage.parent.span_id for stage in stages} == {whole.context.span_id}
    assert whole.start_time is not None
    assert stages[0].start_time == whole.start_time <= (stages[-1].end_time or 0) <= (whole.end_time or 0)


async def test_a_request_without_a_trace_begins_one_where_traces_are_exported() -> None:
    exporter = InMemorySpanExporter()
    spans = SpanExport(exporter)
    response = await get({}, spans=spans)
    spans.close()
    whole = exporter.get_finished_spans()[0]
    assert whole.parent is None
    assert whole.context is not None
    assert response.headers["traceresponse"].split("-")[1] == f"{whole.context.trace_id:032x}"


def test_an_exporter_that_is_not_installed_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingToolError, match="opentelemetry-exporter-otlp-proto-http, or unset PLATFORM_OTLP_URL"):
        otlp_export("http://127.0.0.1:4318/v1/traces")


def test_the_endpoint_loads_no_span_export_unless_it_is_asked_to() -> None:
    module = "platform_assets.serving.telemetry.span_export"
    program = f"import sys, platform_assets.serving.app; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
