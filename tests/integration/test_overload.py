"""Far more work than the endpoint can do: some calls are answered properly, the others are sent away."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served
from tests.integration.http_load import Load, Outcome
from tests.unit.serving.conftest import AS_OF, Publisher, feature_layout, product_named

KEYS = [str(number) for number in range(10_000, 11_000)]
LARGE = json.dumps({"product": "churn", "entities": KEYS}).encode()
CALLERS = 192  # each with 1,000 rows: seconds of work at once for any machine
SECONDS = 4.0


@pytest.fixture
def endpoint(online_store: Settings, tmp_path: Path) -> Iterator[Served]:
    Publisher(online_store.home).publish("churn")
    layout = feature_layout(product_named("churn"))
    (key_set,) = layout.key_sets
    table = KeySetTable(
        key_columns=[KEYS],
        event_times=np.full((len(KEYS), len(key_set.views)), AS_OF.timestamp()),
        values=np.zeros((len(KEYS), len(key_set.columns))),
    )
    with connect(online_store.online_url) as store:
        publish_snapshot(store, layout, [table], as_of=AS_OF.timestamp(), snapshot_id="s", settings=online_store)
    with served(online_store, tmp_path / "endpoint.log") as running:
        yield running


async def overloaded(endpoint: Served, seen: Counter[str]) -> tuple[Outcome, list[int]]:
    """Load the endpoint while somebody asks for its health and metrics; return what both saw."""

    def keep(status: int, body: bytes) -> None:
        answer = json.loads(body)
        seen[answer["predictions"][0]["reason"] or "none" if status == 200 else answer["code"]] += 1

    async def watch() -> list[int]:
        statuses = []
        async with httpx.AsyncClient(base_url=endpoint.url, timeout=30.0) as client:
            for _ in range(3):
                statuses += [(await client.get(path)).status_code for path in ("/livez", "/readyz", "/metrics")]
        return statuses

    load = Load(endpoint.port, LARGE, CALLERS, keep, pause_after_refusal_s=0.2)
    return await asyncio.gather(load.run(SECONDS), watch())


def test_an_overloaded_endpoint_answers_some_and_refuses_others_instead_of_degrading_all(endpoint: Served) -> None:
    seen: Counter[str] = Counter()
    outcome, watched = asyncio.run(overloaded(endpoint, seen))
    assert set(outcome.statuses) == {200, 503}
    assert outcome.broken == 0
    assert set(watched) == {200}
    assert seen["overloaded"] == outcome.statuses[503] > 0
    assert seen["none"] >= 0.5 * outcome.statuses[200] > 0  # one in a hundred when all are taken on at once
    assert endpoint.metric("platform_refused_requests_total") == outcome.statuses[503]
    assert endpoint.metric("platform_rows_in_flight") == endpoint.metric("platform_requests_queued") == 0
    after = httpx.post(f"{endpoint.url}/v1/predict", content=LARGE, timeout=30.0)
    assert after.status_code == 200
    assert {row["reason"] for row in after.json()["predictions"]} == {None}


def test_a_refusal_tells_when_to_come_back(endpoint: Served) -> None:
    async def first_refusal() -> httpx.Response:
        limits = httpx.Limits(max_connections=CALLERS)
        async with httpx.AsyncClient(base_url=endpoint.url, timeout=60.0, limits=limits) as client:
            answers = await asyncio.gather(*(client.post("/v1/predict", content=LARGE) for _ in range(CALLERS)))
        return next(answer for answer in answers if answer.status_code == 503)

    refusal = asyncio.run(first_refusal())
    assert refusal.headers["retry-after"] == "1"
    assert refusal.headers["content-type"] == "application/problem+json"
    problem = refusal.json()
    assert (problem["code"], problem["retryable"]) == ("overloaded", True)
