"""Several workers on one port: they share the work and the counts, are replaced when they die, and end in order."""

import concurrent.futures
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import decode_entry
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher

BODY = {"product": "churn", "entities": ["13085"]}


@pytest.fixture
def home(online_store: Settings) -> Settings:
    Publisher(online_store.home).publish("churn")
    return online_store


@pytest.fixture
def pair(home: Settings, tmp_path: Path) -> Iterator[Served]:
    with served(home, tmp_path / "endpoint.log", workers=2) as endpoint:
        yield endpoint


def predict(client: httpx.Client) -> str:
    response = client.post("/v1/predict", json=BODY)
    assert response.status_code == 200, response.text
    return str(response.json()["predictions"][0]["prediction_id"])


def logged_ids(settings: Settings) -> list[str]:
    with connect(settings.online_url) as client:
        entries = read_batch(client, PREDICTION_STREAM, "0-0", 100_000)
    return [decode_entry(content).prediction_id for _, content in entries]


def answered(endpoint: Served) -> float:
    return endpoint.metric("platform_request_seconds_count", route="/v1/predict", status="200")


def test_connections_spread_over_the_workers_and_any_of_them_tells_the_sums(pair: Served) -> None:
    clients = [httpx.Client(base_url=pair.url) for _ in range(40)]
    for client in clients:
        predict(client)
    held = [pair.connections(worker) for worker in pair.workers()]
    for client in clients:
        client.close()
    assert sum(held) == 40
    assert min(held) >= 5  # of two fair shares of 20; one chance in a hundred million to be less
    wait_for(lambda: answered(pair) == 40.0, pair)
    told = [pair.metric("platform_predictions_total", product="churn") for _ in range(20)]
    assert told == [40.0] * 20
    assert pair.metric("platform_requests_in_flight") >= 1.0


def test_a_killed_worker_is_replaced_and_no_count_goes_backwards(pair: Served) -> None:
    with httpx.Client(base_url=pair.url) as client:
        for _ in range(30):
            predict(client)
    wait_for(lambda: answered(pair) == 30.0, pair)
    before = pair.workers()
    before[0].kill()
    seen = []
    while pair.metric("platform_worker_restarts_total") == 0 or len(pair.workers()) < 2:
        seen.append(answered(pair))
        assert len(seen) < 1000, pair.log.read_text()
    wait_for(lambda: pair.metric("platform_workers") == 2.0, pair)
    seen.append(answered(pair))
    assert seen == sorted(seen)
    assert seen[-1] == 30.0
    assert {worker.pid for worker in pair.workers()} != {worker.pid for worker in before}
    for _ in range(10):
        with httpx.Client(base_url=pair.url) as client:
            predict(client)


def test_a_caller_that_waits_for_a_worker_that_died_is_answered_by_its_successor(pair: Served) -> None:
    for worker in pair.workers():
        worker.kill()
    with httpx.Client(base_url=pair.url, timeout=30.0) as client:
        predict(client)
    assert len(pair.workers()) >= 1


def test_a_signal_ends_all_workers_after_what_is_in_flight_is_answered_and_logged(pair: Served, home: Settings) -> None:
    workers = pair.workers()

    def ask_until_the_end() -> list[str]:
        ids = []
        with httpx.Client(base_url=pair.url, timeout=30.0) as client:
            try:
                while True:
                    ids.append(predict(client))
            except httpx.TransportError:  # the endpoint takes no connection any more
                return ids

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(ask_until_the_end) for _ in range(4)]
        wait_for(lambda: answered(pair) >= 20, pair)
        pair.process.send_signal(signal.SIGTERM)
        assert pair.process.wait(timeout=30) == 0
        received = [prediction_id for caller in callers for prediction_id in caller.result()]
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    logged = logged_ids(home)
    assert len(logged) == len(set(logged))
    assert set(received) <= set(logged)
    assert "Traceback" not in pair.log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_workers_end_with_a_supervisor_that_was_killed(pair: Served) -> None:
    workers = pair.workers()
    pair.process.kill()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def test_a_new_release_reaches_every_worker_within_moments(pair: Served, home: Settings) -> None:
    second = Publisher(home.home).publish("churn", model_version=2, constant=0.75)

    def seen() -> set[str]:
        found = set()
        for _ in range(12):  # new connections, so both workers are asked
            with httpx.Client(base_url=pair.url) as client:
                found.add(client.post("/v1/predict", json=BODY).json()["release_id"])
        return found

    wait_for(lambda: seen() == {second.release_id}, pair)


def test_one_worker_is_a_single_process_without_a_supervisor(home: Settings, tmp_path: Path) -> None:
    with served(home, tmp_path / "endpoint.log") as endpoint:
        assert endpoint.workers() == []
        assert not list(home.run_dir.glob("endpoint-*"))


def test_a_port_that_is_taken_is_told_with_its_remedy(pair: Served, home: Settings) -> None:
    environment = {**os.environ, "PLATFORM_HOME": str(home.home), "PLATFORM_ENDPOINT_PORT": str(pair.port)}
    command = [sys.executable, "-m", "platform_assets.serving.run", "--workers", "2"]
    second = subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"cannot listen on port {pair.port}" in second.stderr
    assert "Traceback" not in second.stderr
    with httpx.Client(base_url=pair.url) as client:
        predict(client)


def test_a_request_head_without_end_is_refused_before_it_fills_the_memory(home: Settings, tmp_path: Path) -> None:
    with (
        served(home, tmp_path / "endpoint.log") as endpoint,
        socket.create_connection(("127.0.0.1", endpoint.port)) as s,
    ):
        s.settimeout(30.0)
        s.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ")
        answer = b""
        for _ in range(1000):
            try:
                s.sendall(b"a" * 4096)
                time.sleep(0.001)
                s.setblocking(False)  # noqa: FBT003 - the name of the call says what it sets
                answer += s.recv(4096)
                break
            except BlockingIOError:
                s.setblocking(True)  # noqa: FBT003 - the same
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b'"code":"head_too_large"' in answer
