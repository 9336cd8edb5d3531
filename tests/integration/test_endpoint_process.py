"""The endpoint as a process of its own: it starts, answers, follows releases under load, drains and logs."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port, stop
from tests.unit.serving.conftest import Publisher, product_named

BODY = {"product": "churn", "entities": ["13085"]}
START_SECONDS = 60


@contextmanager
def running(settings: Settings, log: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    port = free_port()
    environment = {
        **os.environ,
        "PLATFORM_HOME": str(settings.home),
        "PLATFORM_ENDPOINT_PORT": str(port),
        "REDIS_URL": settings.online_url,
    }
    command = [sys.executable, "-m", "platform_assets.serving.run"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_alive(url, process, log)
            yield url, process
        finally:
            stop(process)


def wait_until_alive(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the endpoint does not answer:\n{log.read_text()}")


def logged(settings: Settings) -> list[PredictionLogEntry]:
    with connect(settings.online_url) as client:
        return [decode_entry(content) for _, content in read_batch(client, PREDICTION_STREAM, "0-0", 10_000)]


def test_a_process_answers_logs_and_ends_on_a_signal_without_losing_an_entry(
    online_store: Settings, tmp_path: Path
) -> None:
    Publisher(online_store.home).publish("churn")
    with running(online_store, tmp_path / "endpoint.log") as (url, process), httpx.Client(base_url=url) as client:
        ids = {client.post("/v1/predict", json=BODY).json()["predictions"][0]["prediction_id"] for _ in range(20)}
        assert client.get("/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        # After a graceful end uvicorn lets the signal have its usual effect, so that a supervisor sees it.
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    assert {entry.prediction_id for entry in logged(online_store)} == ids
    assert "Traceback" not in (tmp_path / "endpoint.log").read_text()


def test_five_hundred_requests_over_http_see_whole_releases_while_they_switch(
    online_store: Settings, tmp_path: Path
) -> None:
    publisher = Publisher(online_store.home)
    scores = {1: 0.25, 2: 0.75}
    features = dict.fromkeys(product_named("churn").stored_columns, 3.0)
    ids = {
        version: publisher.publish("churn", model_version=version, constant=score).release_id
        for version, score in scores.items()
    }
    with running(online_store, tmp_path / "endpoint.log") as (url, _):
        rows = asyncio.run(_under_switching(url, publisher, list(ids.values()), features))
    assert len(rows) == 500
    assert {row["release_id"] for row in rows} == set(ids.values())
    for row in rows:
        version = int(str(row["model_version"]))
        assert (row["release_id"], row["score"]) == (ids[version], scores[version])


async def _under_switching(
    url: str, publisher: Publisher, releases: list[str], features: dict[str, float]
) -> list[dict[str, object]]:
    body = {"product": "churn", "rows": [{"customer_id": "13085", **features}]}
    async with httpx.AsyncClient(base_url=url, timeout=30.0) as client:

        async def ask() -> dict[str, object]:
            response = await client.post("/v1/predict", json=body)
            assert response.status_code == 200, response.text
            row: dict[str, object] = response.json()["predictions"][0]
            return row

        rows: list[dict[str, object]] = []
        for turn in range(25):
            publisher.point_at("churn", releases[turn % 2])
            reload = asyncio.create_task(client.post("/v1/products/churn/reload"))
            rows += await asyncio.gather(*(ask() for _ in range(20)))
            await reload
        return rows
