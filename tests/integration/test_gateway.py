"""A gateway before several endpoints: who gets the requests, and what becomes of them when an endpoint ends."""

import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.endpoint_servers import served
from tests.integration.gateways import Gateway, SmallServer, gateway, wait_until
from tests.unit.serving.conftest import Publisher

SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
# Where HAProxy is promised (the continuous integration installs it) its absence is a failure, not a skip.
pytestmark = pytest.mark.skipif(
    shutil.which("haproxy", path=SEARCHED) is None and os.environ.get("PLATFORM_REQUIRE_HAPROXY") != "1",
    reason="no HAProxy on this machine",
)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BODY = {"product": "churn", "entities": ["13085"]}


@pytest.fixture
def servers() -> Iterator[list[SmallServer]]:
    three = [SmallServer(name) for name in "abc"]
    for each in three:
        each.start()
    yield three
    for each in three:
        each.stop()


@pytest.fixture
def balanced(servers: list[SmallServer], tmp_path: Path) -> Iterator[Gateway]:
    with gateway([each.address for each in servers], tmp_path) as running:
        running.wait_for_backends(3)
        yield running


def ask(running: Gateway, times: int, headers: dict[str, str] | None = None) -> Counter[str]:
    """Return which endpoints answered requests on one kept connection; every one of them has to be answered."""
    with httpx.Client(base_url=running.url, timeout=30.0, headers=headers) as client:
        answers = [client.get("/") for _ in range(times)]
    assert {each.status_code for each in answers} == {200}
    return Counter(each.text for each in answers)


def test_round_robin_is_even_also_on_one_kept_connection(balanced: Gateway) -> None:
    assert ask(balanced, 300) == {"a": 100, "b": 100, "c": 100}


def test_least_connections_avoids_the_slow_one(servers: list[SmallServer], tmp_path: Path) -> None:
    slow = servers[0]
    with gateway([each.address for each in servers], tmp_path, "least_connections") as running:
        running.wait_for_backends(3)
        slow.gate.clear()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = [pool.submit(ask, running, 1)]
            while slow.in_hand == 0:  # the first one that meets it waits there; those before met others
                waiting.append(pool.submit(ask, running, 1))
                wait_until(lambda: slow.in_hand == 1 or waiting[-1].done())
            assert slow.name not in ask(running, 200)
            slow.gate.set()
            assert sum((each.result() for each in waiting), Counter())[slow.name] >= 1


def test_an_endpoint_that_is_not_ready_gets_nothing_until_it_is(balanced: Gateway, servers: list[SmallServer]) -> None:
    servers[1].is_ready = False
    balanced.wait_for_backends(2)
    assert ask(balanced, 60) == {"a": 30, "c": 30}
    servers[1].is_ready = True
    balanced.wait_for_backends(3)
    assert ask(balanced, 60) == {"a": 20, "b": 20, "c": 20}


def test_an_endpoint_that_ends_loses_no_further_request_and_comes_back(
    balanced: Gateway, servers: list[SmallServer]
) -> None:
    servers[2].stop()
    assert set(ask(balanced, 200)) == {"a", "b"}  # from the first request on, before anybody looked
    balanced.wait_for_backends(2)
    servers[2].start()
    balanced.wait_for_backends(3)
    assert set(ask(balanced, 60)) == {"a", "b", "c"}


def test_a_request_that_an_endpoint_had_is_never_sent_to_another_one(
    balanced: Gateway, servers: list[SmallServer]
) -> None:
    for each in servers:
        each.gate.clear()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx.get, f"{balanced.url}/", timeout=30.0)
        wait_until(lambda: sum(each.in_hand for each in servers) == 1)
        (had,) = [each for each in servers if each.in_hand]
        had.breaks_off = True
        for each in servers:
            each.gate.set()
        answer = waiting.result()
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (502, "backend_broke_off", True)
    assert answer.headers["retry-after"] == "1"
    assert sum(len(each.seen) for each in servers) == 1


def test_without_any_endpoint_the_answer_is_a_problem_with_the_id_of_the_caller(tmp_path: Path) -> None:
    with gateway([f"127.0.0.1:{free_port()}"], tmp_path) as running:
        running.wait_for_backends(0)
        answer = httpx.get(f"{running.url}/v1/products", headers={"X-Request-Id": "mine-1"})
    told = answer.json()
    assert (answer.status_code, told["code"], told["request_id"]) == (503, "no_backend", "mine-1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers["x-request-id"], answer.headers["retry-after"]) == ("mine-1", "1")


def test_ids_and_traces_of_callers_are_passed_on_and_a_missing_id_is_made(
    balanced: Gateway, servers: list[SmallServer]
) -> None:
    ask(balanced, 3, {"X-Request-Id": "mine-1", "traceparent": TRACEPARENT})
    ask(balanced, 3)
    seen = [sent for each in servers for sent in each.seen]
    assert [sent.get("traceparent") for sent in seen].count(TRACEPARENT) == 3
    ids = Counter(sent["x-request-id"] for sent in seen)
    assert ids.pop("mine-1") == 3
    assert len(ids) == 3


def test_at_the_end_nothing_new_is_taken_and_what_is_in_flight_is_answered(
    balanced: Gateway, servers: list[SmallServer]
) -> None:
    for each in servers:
        each.gate.clear()
    with concurrent.futures.ThreadPoolExecutor(6) as pool, httpx.Client() as idle:
        assert idle.get(f"{balanced.url}/readyz").status_code == 200  # its connection stays open
        waiting = [pool.submit(ask, balanced, 1) for _ in range(6)]
        wait_until(lambda: sum(each.in_hand for each in servers) == 6)
        balanced.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _is_refused(balanced.url))
        for each in servers:
            each.gate.set()
        assert sum((each.result() for each in waiting), Counter()).total() == 6
        assert balanced.process.wait(timeout=30) == 0


def test_a_gateway_that_is_killed_leaves_no_process_behind(balanced: Gateway) -> None:
    below = psutil.Process(balanced.process.pid).children(recursive=True)
    assert [each.name() for each in below] == ["haproxy"]
    balanced.process.kill()
    balanced.process.wait(timeout=30)
    wait_until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in below))


def test_a_gateway_starts_where_few_files_may_be_open(servers: list[SmallServer], tmp_path: Path) -> None:
    with gateway([servers[0].address], tmp_path, most_files=512) as running:
        running.wait_for_backends(1)
        assert ask(running, 10) == {"a": 10}


def test_a_second_gateway_on_the_same_port_is_refused(balanced: Gateway) -> None:
    port = balanced.url.rpartition(":")[2]
    command = [sys.executable, "-m", "platform_assets.serving.gateway", "--port", port, "--backend", "127.0.0.1:1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_endpoints_answer_predictions_and_a_killed_one_loses_no_further_request(
    online_store: Settings, tmp_path: Path
) -> None:
    Publisher(online_store.home).publish("churn")
    with (
        served(online_store, tmp_path / "one.log") as one,
        served(online_store, tmp_path / "two.log") as two,
        gateway([f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"], tmp_path) as running,
        httpx.Client(base_url=running.url, timeout=30.0) as client,
    ):
        running.wait_for_backends(2)
        assert {predict(client, number) for number in range(40)} == {200}
        answered = [each.metric("platform_request_seconds_count", route="/v1/predict") for each in (one, two)]
        assert answered == [20.0, 20.0]
        two.process.kill()
        two.process.wait(timeout=30)
        assert {predict(client, number) for number in range(200)} == {200}


def predict(client: httpx.Client, number: int) -> int:
    answer = client.post("/v1/predict", json=BODY, headers={"X-Request-Id": f"call-{number}"})
    assert answer.headers["X-Request-Id"] == f"call-{number}"
    return answer.status_code


def _is_refused(url: str) -> bool:
    try:
        httpx.get(f"{url}/gateway/metrics", timeout=5.0)
    except httpx.ConnectError:
        return True
    return False
