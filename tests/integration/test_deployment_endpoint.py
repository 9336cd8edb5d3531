"""Deployment against an endpoint process: it switches, or what it served before is put back in force."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import DeploymentError, NoReleaseError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.refusals import refuse_version
from platform_assets.rollouts.moves import Pointers, Word, begin
from platform_assets.serving.deployment import deploy
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port, stop
from tests.unit.serving.conftest import Publisher

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
START_SECONDS = 60


@pytest.fixture
def settings(online_store: Settings) -> Settings:
    return Settings(home=online_store.home, redis_url=online_store.redis_url, endpoint_port=free_port(), fsync=False)


@pytest.fixture
def publisher(settings: Settings) -> Publisher:
    return Publisher(settings.home)


@pytest.fixture
def endpoint(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an endpoint process on the home of the test."""
    environment = {
        **os.environ,
        "PLATFORM_HOME": str(settings.home),
        "PLATFORM_ENDPOINT_PORT": str(settings.endpoint_port),
        "REDIS_URL": settings.online_url,
    }
    command = [sys.executable, "-m", "platform_assets.serving.run"]
    log = tmp_path / "endpoint.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        url = f"http://127.0.0.1:{settings.endpoint_port}"
        try:
            _wait(url, process, log)
            yield url
        finally:
            stop(process)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the endpoint does not answer:\n{log.read_text()}")


def served(url: str) -> str:
    return str(httpx.get(f"{url}/v1/products/churn").json()["release"]["release_id"])


def test_a_deployment_returns_once_the_endpoint_serves_the_release_in_force(
    settings: Settings, publisher: Publisher, endpoint: str
) -> None:
    first = publisher.publish("churn", model_version=1)
    deployed = deploy(settings, "churn", at=NOW)
    assert (deployed.release_id, deployed.sequence) == (first.release_id, 1)
    assert served(endpoint) == first.release_id
    second = publisher.publish("churn", model_version=2)
    assert deploy(settings, "churn", at=NOW).release_id == second.release_id
    assert served(endpoint) == second.release_id
    publisher.point_at("churn", first.release_id)
    assert deploy(settings, "churn", at=NOW).sequence == 3
    assert served(endpoint) == first.release_id


def test_a_deployment_while_a_release_is_on_its_way_serves_the_one_in_force_and_leaves_the_rollout(
    settings: Settings, publisher: Publisher, endpoint: str
) -> None:
    first, second = (publisher.publish("churn", model_version=version) for version in (1, 2))
    publisher.point_at("churn", first.release_id)
    pointers = Pointers(releases_dir=settings.releases_dir, fsync=False)
    word = Word(by="ann", at=NOW, reason="it is better")
    begun = begin(pointers, "churn", release_id=second.release_id, plan=RolloutPlan(), word=word)
    deployed = deploy(settings, "churn", at=NOW)
    assert (deployed.release_id, deployed.sequence) == (first.release_id, begun.sequence)
    assert served(endpoint) == first.release_id
    assert read_live(settings.releases_dir, "churn") == begun


def test_a_corrupt_bundle_is_refused_and_the_release_before_is_in_force_again(
    settings: Settings, publisher: Publisher, endpoint: str
) -> None:
    first = publisher.publish("churn", model_version=1)
    deploy(settings, "churn", at=NOW)
    second = publisher.publish("churn", model_version=2)
    model = settings.home / second.bundle_path / "model.txt"
    model.write_bytes(model.read_bytes() + b"\n")
    with pytest.raises(DeploymentError, match=second.release_id):
        deploy(settings, "churn", at=NOW)
    live = read_live(settings.releases_dir, "churn")
    assert live is not None
    assert (live.release_id, live.sequence) == (first.release_id, 3)
    (move,) = read_moves(settings.releases_dir, "churn", after=2, up_to=3)
    assert move.cause.by == "endpoint"
    assert f"it refused release {second.release_id}" in move.cause.reason
    assert served(endpoint) == first.release_id
    assert deploy(settings, "churn", at=NOW).release_id == first.release_id


def test_a_release_that_was_rejected_is_not_put_back_and_the_refusal_is_told_all_the_same(
    settings: Settings, publisher: Publisher, endpoint: str
) -> None:
    first = publisher.publish("churn", model_version=1)
    deploy(settings, "churn", at=NOW)
    second = publisher.publish("churn", model_version=2, files={"calibration.json": b"[]"})
    refuse_version(settings.releases_dir, "churn", 1, fsync=False)
    with pytest.raises(DeploymentError, match=second.release_id):
        deploy(settings, "churn", at=NOW)
    live = read_live(settings.releases_dir, "churn")
    assert live is not None
    assert (live.release_id, live.sequence) == (second.release_id, 2)
    assert served(endpoint) == first.release_id


def test_a_first_release_that_is_refused_has_none_to_go_back_to(
    settings: Settings, publisher: Publisher, endpoint: str
) -> None:
    made = publisher.publish("churn", files={"calibration.json": b"[]"})
    assert endpoint
    with pytest.raises(DeploymentError, match=made.release_id):
        deploy(settings, "churn", at=NOW)
    live = read_live(settings.releases_dir, "churn")
    assert live is not None
    assert live.sequence == 1


def test_without_an_endpoint_the_pointer_stays_and_the_remedy_is_told(settings: Settings, publisher: Publisher) -> None:
    made = publisher.publish("churn")
    with pytest.raises(DeploymentError, match="make up"):
        deploy(settings, "churn", at=NOW)
    live = read_live(settings.releases_dir, "churn")
    assert live is not None
    assert live.release_id == made.release_id


def test_nothing_is_deployed_before_the_first_release(settings: Settings) -> None:
    with pytest.raises(NoReleaseError):
        deploy(settings, "churn", at=NOW)
