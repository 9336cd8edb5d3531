"""Experiments by the typed client at a real endpoint with two workers: both follow, and a repeat changes nothing."""

import concurrent.futures
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from platform_assets.client.client import Client
from platform_assets.contract.experiments import Experiment, Metric, Variant, assign
from platform_assets.errors import EndpointRefusedError
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher

ENTITIES = [f"customer-{number}" for number in range(20)]
EXPERIMENT = Experiment(
    id="newer-model",
    product="churn",
    unit="entity",
    variants=(Variant(name="control", release="live", share=0.5), Variant(name="treatment", release="v2", share=0.5)),
    metrics=(Metric(name="error_rate", margin=0.002),),
    alpha=0.01,
)
VERSIONS = {"control": 1, "treatment": 2}
ASSIGNED = [VERSIONS[assign(EXPERIMENT, unit=each, request_id="").variant] for each in ENTITIES]


@dataclass(frozen=True)
class Pair:
    """Two workers on a home with two approved versions, the first in force."""

    endpoint: Served
    client: Client

    def versions(self) -> list[int]:
        """Return the version that answers each entity, asked on a connection of its own."""
        return [self._version(each) for each in ENTITIES]

    def _version(self, entity: str) -> int:
        answer = httpx.post(f"{self.endpoint.url}/v1/predict?model=churn", json={"entities": [entity]}, timeout=30.0)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["predictions"][0]["model_version"])


@pytest.fixture
def pair(online_store: Settings, tmp_path: Path) -> Iterator[Pair]:
    publisher = Publisher(online_store.home)
    first = publisher.publish("churn", model_version=1, constant=0.25)
    publisher.publish("churn", model_version=2, constant=0.75)
    publisher.point_at("churn", first.release_id)
    with served(online_store, tmp_path / "endpoint.log", workers=2) as endpoint, Client(endpoint.url) as client:
        yield Pair(endpoint, client)


def test_an_experiment_made_by_calls_splits_the_traffic_of_every_worker_until_its_stop(pair: Pair) -> None:
    assert set(ASSIGNED) == {1, 2}
    created = pair.client.create_experiment(EXPERIMENT, reason="three more months")
    assert (created.state, created.alpha, created.metrics[0].name) == ("draft", EXPERIMENT.alpha, "error_rate")
    assert pair.versions() == [1] * len(ENTITIES)
    started = pair.client.start_experiment("churn", EXPERIMENT.id, reason="approved")
    assert (started.state, started.paused, started.variants) == ("running", None, created.variants)
    wait_for(lambda: pair.versions() == ASSIGNED, pair.endpoint)
    assert [pair.versions() for _ in range(5)] == [ASSIGNED] * 5
    with pytest.raises(EndpointRefusedError) as refused:
        pair.client.start_experiment("churn", EXPERIMENT.id, reason="again")
    assert (refused.value.http_status, refused.value.problem_code) == (409, "experiment_state")
    stopped = pair.client.stop_experiment("churn", EXPERIMENT.id, reason="enough")
    assert [change.reason for change in stopped.changes] == ["three more months", "approved", "enough"]
    wait_for(lambda: pair.versions() == [1] * len(ENTITIES), pair.endpoint)


def test_one_key_is_one_change_however_many_ask_two_workers_at_once(pair: Pair) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: pair.client.create_experiment(EXPERIMENT, key="create"), range(16)))
        started = list(
            pool.map(
                lambda _: pair.client.start_experiment("churn", EXPERIMENT.id, reason="approved", key="start"),
                range(16),
            )
        )
    assert created == [created[0]] * 16
    assert started == [started[0]] * 16
    assert [change.state for change in started[0].changes] == ["draft", "running"]
