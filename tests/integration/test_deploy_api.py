"""The deploy API of a real endpoint with two workers: both follow, a repeat is the same, and no call is lost."""

import concurrent.futures
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import pytest

from platform_assets.client.client import Client
from platform_assets.contract.assignment import takes_new
from platform_assets.errors import EndpointRefusedError
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher

ENTITIES = [f"customer-{number}" for number in range(20)]


@dataclass(frozen=True)
class Pair:
    """Two workers on a home with two approved versions, the first in force."""

    endpoint: Served
    settings: Settings

    def pointer(self) -> LivePointer:
        live = read_live(self.settings.releases_dir, "churn")
        assert live is not None
        return live

    def version(self, entity: str) -> int:
        answer = httpx.post(f"{self.endpoint.url}/v1/predict?model=churn", json={"entities": [entity]}, timeout=30.0)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["predictions"][0]["model_version"])


@pytest.fixture
def pair(online_store: Settings, tmp_path: Path) -> Iterator[Pair]:
    publisher = Publisher(online_store.home)
    first = publisher.publish("churn", model_version=1, constant=0.25)
    publisher.publish("churn", model_version=2, constant=0.75)
    publisher.point_at("churn", first.release_id)
    with served(online_store, tmp_path / "endpoint.log", workers=2) as endpoint:
        yield Pair(endpoint, online_store)


@pytest.fixture
def client(pair: Pair) -> Iterator[Client]:
    with Client(pair.endpoint.url) as client:
        yield client


def test_a_share_is_answered_by_the_new_version_in_every_worker(pair: Pair, client: Client) -> None:
    deployed = client.deploy("churn", version=2, traffic=0.5, replicas=2, reason="a try")
    assert (deployed.status, deployed.share, deployed.replicas) == ("healthy", 0.5, 2)
    assert deployed.endpoint == f"{pair.endpoint.url}/v1/predict?model=churn"
    expected = [2 if takes_new(deployed.deployment_id, f"entity:{each}", 0.5) else 1 for each in ENTITIES]
    assert set(expected) == {1, 2}
    wait_for(lambda: [pair.version(each) for each in ENTITIES] == expected, pair.endpoint)
    assert [pair.version(each) for _ in range(5) for each in ENTITIES] == expected * 5
    assert client.deployment(deployed.deployment_id) == deployed
    assert client.deployments(limit=1).deployments == [deployed]


def test_a_version_goes_into_force_under_load_and_no_call_is_lost(pair: Pair, client: Client) -> None:
    is_over = threading.Event()

    def ask_until_the_end() -> list[int]:
        answered = []
        while not is_over.is_set():
            answered.append(pair.version("customer-1"))
        return answered

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(ask_until_the_end) for _ in range(2)]
        try:
            deployed = client.deploy("churn", version="2.0.0", traffic="instant")
            wait_for(lambda: [pair.version("customer-1") for _ in range(10)] == [2] * 10, pair.endpoint)
        finally:
            is_over.set()
        answered = [version for caller in callers for version in caller.result()]
    assert set(answered) <= {1, 2}
    assert (deployed.phase, pair.pointer().rollout) == ("in_force", None)
    before = client.deployments().deployments[1]
    assert (before.version, before.phase, before.status) == (1, "kept", "healthy")


@pytest.mark.parametrize("traffic", ["canary", "instant"])
def test_one_key_is_one_move_however_many_ask_at_once(
    pair: Pair, client: Client, traffic: Literal["canary", "instant"]
) -> None:
    before = pair.pointer().sequence

    def ask(_: int) -> str:
        return client.deploy("churn", version=2, traffic=traffic, key="release-2").deployment_id

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(ask, range(16)))
    assert len(ids) == 1
    assert pair.pointer().sequence == before + 1


def test_a_key_is_remembered_after_the_rollout_has_ended(pair: Pair, client: Client) -> None:
    first = client.deploy("churn", version=2, key="release-2")
    Publisher(pair.settings.home).point_at("churn", pair.pointer().release_id)
    again = client.deploy("churn", version=2, key="release-2")
    assert (again.deployment_id, again.phase, again.status) == (first.deployment_id, "rolled_back", "ended")
    assert pair.pointer().rollout is None


def test_what_two_workers_are_not_is_refused_with_the_way_to_get_it(pair: Pair, client: Client) -> None:
    with pytest.raises(EndpointRefusedError, match="--workers 3") as refused:
        client.deploy("churn", version=2, replicas=3)
    assert (refused.value.http_status, refused.value.problem_code) == (409, "deployment_refused")
    assert pair.pointer().rollout is None
