"""A real endpoint with access control: keys as they come and go, workers, kills, and generated requests."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from platform_assets.access.key_store import KeyStore
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_verify import verify_log
from platform_assets.access.own_keys import own_headers
from platform_assets.clock import wall_now
from platform_assets.commands.predict import ask_endpoint
from platform_assets.processes.access_home import prepare_access
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.table import all_operations
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher

HEEDED_WITHIN_S = 2.0  # as the documents promise
BOUNDED = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
BODY = {"product": "churn", "entities": ["13085"]}


@dataclass(frozen=True)
class Closed:
    """An endpoint that asks who calls."""

    settings: Settings
    endpoint: Served

    def ask(self, headers: dict[str, str], body: object = BODY) -> httpx.Response:
        return httpx.post(f"{self.endpoint.url}/v1/predict", json=body, headers=headers, timeout=30.0)


@pytest.fixture
def home(online_store: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PLATFORM_ACCESS", "on")
    Publisher(online_store.home).publish("churn")
    prepare_access(online_store)
    return online_store


@pytest.fixture
def closed(home: Settings, tmp_path: Path) -> Iterator[Closed]:
    with served(home, tmp_path / "endpoint.log", has_open_metrics=False) as endpoint:
        yield Closed(home, endpoint)


def platform(home: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLATFORM_HOME": str(home.home), "PLATFORM_FSYNC": "off"}
    command = [sys.executable, "-m", "platform_assets.cli", *arguments]
    return subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)


def test_a_key_of_the_command_line_opens_until_it_is_revoked_and_the_log_tells_both(closed: Closed) -> None:
    made = platform(closed.settings, "access", "keys", "create", "--consumer", "retention_desk", "--json")
    key = httpx.Response(200, text=made.stdout).json()
    headers = {"Authorization": f"Bearer {key['key']}", "X-Purpose": "call_guidance"}
    wait_for(lambda: closed.ask(headers).status_code == 200, closed.endpoint)
    assert closed.ask({}).status_code == 401
    assert closed.ask({**headers, "X-Purpose": "pricing"}).status_code == 403
    revoked = platform(closed.settings, "access", "keys", "revoke", key["key_id"], "--reason", "a test", "--json")
    at = time.monotonic()
    assert revoked.returncode == 0, revoked.stderr
    while closed.ask(headers).status_code == 200:
        assert time.monotonic() - at < 10 * HEEDED_WITHIN_S  # far beyond the promise: the machine may be busy
    closed.endpoint.process.terminate()
    closed.endpoint.process.wait(timeout=30)
    verified = platform(closed.settings, "access", "verify")
    assert verified.returncode == 0, verified.stdout
    denied = platform(closed.settings, "access", "log", "churn", "--denied", "--json")
    whys = {each["why"] for each in httpx.Response(200, text=denied.stdout).json()}
    assert whys == {"churn/online_predictions is not granted for this purpose; granted: call_guidance"}
    everything = "".join(path.read_text("latin-1") for path in closed.settings.access_log_dir.glob("*.jsonl"))
    assert key["key"] not in everything + closed.endpoint.log.read_text("latin-1")
    assert f"key {key['key_id']} is revoked" in everything


def test_the_platforms_own_commands_need_no_key_from_anybody(closed: Closed) -> None:
    own = Settings(
        home=closed.settings.home, redis_url=closed.settings.redis_url, endpoint_port=closed.endpoint.port, fsync=False
    )
    status, answer = ask_endpoint(own, BODY)
    assert (status, answer["product"]) == (200, "churn")
    assert httpx.get(f"{closed.endpoint.url}/metrics", headers=own_headers(own)).status_code == 200
    assert httpx.get(f"{closed.endpoint.url}/metrics").status_code == 401


def test_an_endpoint_that_is_killed_leaves_a_log_that_the_next_one_goes_on_with(home: Settings, tmp_path: Path) -> None:
    headers = own_headers(home, "me", at=wall_now())
    for number in range(3):
        with served(home, tmp_path / "endpoint.log", has_open_metrics=False) as endpoint:
            url = f"{endpoint.url}/v1/predict"
            with httpx.Client(headers=headers) as client:
                assert all(client.post(url, json=BODY).status_code == 200 for _ in range(20))
            wait_for(lambda n=number: _accesses(home) >= 20 * (n + 1), endpoint)  # type: ignore[misc] # of this turn
            endpoint.process.kill()
            endpoint.process.wait(timeout=30)
    (chain,) = verify_log(LogFiles.of(home))
    assert chain.problems == ()


def test_several_workers_keep_a_chain_each_and_heed_a_revoked_key_alike(home: Settings, tmp_path: Path) -> None:
    store = KeyStore.of(home)
    headers = own_headers(home, "me", at=wall_now())
    with served(home, tmp_path / "endpoint.log", workers=2, has_open_metrics=False) as endpoint:
        answers = [httpx.post(f"{endpoint.url}/v1/predict", json=BODY, headers=headers) for _ in range(60)]
        assert {each.status_code for each in answers} == {200}
        (key_id,) = (key.key_id for key in store.read().values() if key.subject == "platform:me")
        store.revoke(key_id, by="test", at=wall_now(), reason="test")
        time.sleep(HEEDED_WITHIN_S)
        refused = [httpx.post(f"{endpoint.url}/v1/predict", json=BODY, headers=headers) for _ in range(60)]
        assert {each.status_code for each in refused} == {401}
    chains = verify_log(LogFiles.of(home))
    assert [chain.chain for chain in chains] == ["endpoint-0", "endpoint-1"]
    assert [chain.problems for chain in chains] == [(), ()]
    assert sum(chain.allowed for chain in chains) >= 60
    assert sum(chain.denied for chain in chains) >= 60


def _accesses(home: Settings) -> int:
    return sum(chain.allowed for chain in verify_log(LogFiles.of(home)))


@pytest.fixture(scope="module")
def fuzzed(online_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    own = Settings(home=tmp_path_factory.mktemp("closed"), redis_url=online_server, fsync=False)
    for product in ("churn", "parking_demand"):
        Publisher(own.home).publish(product)
    prepare_access(own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLATFORM_ACCESS", "on")
        with served(own, own.home / "endpoint.log", has_open_metrics=False) as endpoint:
            yield Closed(own, endpoint)


@pytest.fixture(scope="module")
def description(fuzzed: Closed) -> BaseSchema:
    headers = own_headers(fuzzed.settings, "me")
    return schemathesis.openapi.from_url(f"{fuzzed.endpoint.url}/openapi.json", headers=headers)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("told", all_operations(), ids=lambda told: told.operation_id)
def test_generated_requests_meet_documented_answers_with_and_without_a_credential(
    told: Operation, fuzzed: Closed, description: BaseSchema, session: requests.Session
) -> None:
    credential = own_headers(fuzzed.settings, "me")

    @given(case=description[told.path][told.method].as_strategy(generation_mode=GenerationMode.POSITIVE))
    @BOUNDED
    def is_asked_for(case: Case[Any]) -> None:
        for name in {"name", "product", "model"} & set(case.path_parameters):
            case.path_parameters[name] = "churn"
        case.headers.pop("X-Purpose", None)
        for headers in (credential, {}, {"Authorization": "Bearer x"}):
            response = case.call(session=session, headers=headers, timeout=10)
            assert response.status_code < 500 or response.status_code == 503, response.text
            case.validate_response(response, checks=[status_code_conformance, response_schema_conformance])
        case.call_and_validate(session=session, headers=credential, checks=[ignored_auth], timeout=10)

    is_asked_for()
