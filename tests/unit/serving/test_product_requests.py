"""Requests by product: what their SLAs are measured by."""

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from platform_assets.serving.envelope import Envelope
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.telemetry.tracing import trace_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "answered"), (403, "answered"), (500, "failed"), (503, "failed")]
)
async def test_a_request_failed_where_it_was_answered_with_500_or_above(status: int, outcome: str) -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        trace_of(scope).product = "churn"
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    metrics = Metrics()
    transport = httpx.ASGITransport(Envelope(app, metrics=metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
        await client.get("/")
    text = metrics.render().decode()
    assert f'platform_product_request_seconds_count{{outcome="{outcome}",product="churn"}} 1.0' in text
    assert text.count('platform_product_request_seconds_bucket{le="0.2"') == 1


async def test_a_request_that_named_no_product_counts_for_none() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    metrics = Metrics()
    transport = httpx.ASGITransport(Envelope(app, metrics=metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
        await client.get("/")
    assert "platform_product_request_seconds_count" not in metrics.render().decode()
