"""A rollout on a real endpoint of two processes: sticky over workers and restarts, and ended by whoever sees harm."""

import concurrent.futures
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import lightgbm
import msgspec
import numpy as np
import pytest

from platform_assets.contract.assignment import takes_new
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.release import Release
from platform_assets.inference.tables import LinearTable
from platform_assets.rollouts.moves import Pointers, begin, switch_off, switch_on
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher, product_named
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, plan_of, word

POISON = 1e6  # an order count at which the misbehaving release gives a score out of range
CUSTOMERS = [f"{number}" for number in range(300)]


def misbehaving() -> dict[str, bytes]:
    """Return the files of a model that passes its smoke test and fails on customers with very many orders."""
    inputs = product_named("churn").model_inputs
    matrix = np.random.default_rng(7).uniform(0.0, 10.0, size=(400, len(inputs)))
    matrix[200:, inputs.index("order_count")] = POISON
    target = np.where(matrix[:, inputs.index("order_count")] > 1000.0, 0.9, 0.1)
    parameters = {"objective": "regression", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, target), num_boost_round=60)
    calibration = LinearTable(x=(0.4, 0.6), y=(NEW_SCORE, 7.0))
    return {"model.txt": booster.model_to_string().encode(), "calibration.json": msgspec.json.encode(calibration)}


@dataclass(frozen=True)
class Running:
    """An endpoint of two workers with a rollout at a half of the customers."""

    settings: Settings
    served: Served
    old: Release
    new: Release

    @property
    def pointers(self) -> Pointers:
        return Pointers(releases_dir=self.settings.releases_dir, fsync=False)

    @property
    def pointer(self) -> LivePointer:
        live = read_live(self.settings.releases_dir, "churn")
        assert live is not None
        return live

    def post(self, customer: str, *, order_count: float = 3.0, release: str = "") -> httpx.Response:
        """Ask over a connection of its own, which may end at either worker."""
        body = {"product": "churn", "rows": [row(customer, order_count)]}
        headers = {"X-Release": release} if release else {}
        response = httpx.post(f"{self.served.url}/v1/predict", json=body, headers=headers, timeout=30.0)
        assert response.status_code == 200, response.text
        return response

    def releases(self, customers: list[str]) -> dict[str, str]:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(self.post, customers)
            return {customer: each.json()["release_id"] for customer, each in zip(customers, answers, strict=True)}


def row(customer: str, order_count: float) -> dict[str, object]:
    columns = product_named("churn").stored_columns
    return {"customer_id": customer, **dict.fromkeys(columns, 3.0), "order_count": order_count}


@pytest.fixture
def home(online_store: Settings) -> tuple[Settings, Release, Release]:
    publisher = Publisher(online_store.home)
    old = publisher.publish("churn", model_version=1, constant=OLD_SCORE)
    new = publisher.publish("churn", model_version=2, files=misbehaving())
    publisher.point_at("churn", old.release_id)
    pointers = Pointers(releases_dir=online_store.releases_dir, fsync=False)
    begin(pointers, "churn", release_id=new.release_id, plan=plan_of(0.5), word=word())
    return online_store, old, new


@pytest.fixture
def running(home: tuple[Settings, Release, Release], tmp_path: Path) -> Iterator[Running]:
    settings, old, new = home
    with served(settings, tmp_path / "endpoint.log", workers=2) as endpoint:
        yield Running(settings, endpoint, old, new)


def test_every_worker_and_every_restart_sends_a_customer_to_the_same_release(running: Running, tmp_path: Path) -> None:
    rollout = running.pointer.rollout
    assert rollout is not None
    expected = {
        each: running.new.release_id if takes_new(rollout.rollout_id, f"entity:{each}", 0.5) else running.old.release_id
        for each in CUSTOMERS
    }
    assert running.releases(CUSTOMERS) == expected
    assert running.releases(CUSTOMERS) == expected
    with served(running.settings, tmp_path / "again.log") as again:
        restarted = Running(running.settings, again, running.old, running.new)
        assert restarted.releases(CUSTOMERS[:100]) == dict(list(expected.items())[:100])


def test_any_worker_tells_the_sums_of_both(running: Running) -> None:
    running.releases(CUSTOMERS)

    def told() -> int:
        evidence = httpx.get(f"{running.served.url}/v1/rollouts/churn").json()["evidence"]
        return sum(evidence[arm].get("answers", 0) for arm in ("candidate", "control"))

    wait_for(lambda: {told() for _ in range(20)} == {len(CUSTOMERS)}, running.served)


def test_a_candidate_that_misbehaves_is_out_of_every_worker_and_the_reason_is_kept(running: Running) -> None:
    assert set(running.releases(CUSTOMERS[:50]).values()) == {running.old.release_id, running.new.release_id}
    failed = 0
    for number, customer in enumerate(CUSTOMERS * 3):
        reason = running.post(customer, order_count=POISON if number % 3 else 3.0).json()["predictions"][0]["reason"]
        failed += reason == "invalid_score"
        if running.pointer.rollout is None:
            break
    assert running.pointer.rollout is None
    assert 0 < failed <= 20
    (move,) = read_moves(
        running.settings.releases_dir, "churn", after=running.pointer.sequence - 1, up_to=running.pointer.sequence
    )
    assert (move.cause.kind, move.cause.by) == ("rollout_ended", "endpoint")
    assert "failed, above the hard limit" in move.cause.reason
    assert 1 <= move.cause.evidence["candidate"]["errors"] <= failed
    wait_for(lambda: set(running.releases(CUSTOMERS[:60]).values()) == {running.old.release_id}, running.served)
    gone = httpx.get(f"{running.served.url}/v1/rollouts/churn")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_rollout")


def test_the_switch_reaches_every_worker_and_back(running: Running) -> None:
    def reasons() -> set[str | None]:
        answers = (running.post(customer).json()["predictions"][0] for customer in CUSTOMERS[:30])
        return {answer["reason"] for answer in answers}

    switch_off(running.pointers, "churn", word())
    wait_for(lambda: reasons() == {"switched_off"}, running.served)
    switch_on(running.pointers, "churn", word())
    wait_for(lambda: reasons() == {None}, running.served)


def test_a_named_release_answers_at_every_worker(running: Running) -> None:
    for release, score in ((running.old, OLD_SCORE), (running.new, NEW_SCORE)):
        answers = [running.post(each, release=release.release_id).json() for each in CUSTOMERS[:20]]
        assert {answer["release_id"] for answer in answers} == {release.release_id}
        assert {answer["predictions"][0]["score"] for answer in answers} == {score}
