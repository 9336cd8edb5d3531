"""An experiment from its start to its verdict: real workers, a real store, the lake, Dagster and the command line."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg
import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.cli import run
from platform_assets.clock import wall_now
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.experiments import Experiment, Metric, Variant
from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.ledger.database import open_ledger
from platform_assets.monitoring.drain import drain_prediction_log
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.online.stream import read_batch
from platform_assets.orchestration.experiment_assets import HARM_CHECK, SPLIT_CHECK, experiment_assets
from platform_assets.rollouts.experiments import read_experiment
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher, feature_layout, product_named

PRODUCT = "churn"
CUSTOMERS = [f"c{number}" for number in range(400)]
LONG_AGO = DATASETS["online_retail"].replay_now - dt.timedelta(days=100)
STAYS, CHURNS = 0.25, 0.75
EXPERIMENT = Experiment(
    id="newer-model",
    product=PRODUCT,
    unit="entity",
    variants=(
        Variant(name="control", release="live", share=0.5),
        Variant(name="treatment", release="v2", share=0.5),
    ),
    metrics=(Metric(name="accuracy", margin=0.01), Metric(name="error_rate", margin=0.002)),
    min_units=50,
)


@dataclass(frozen=True)
class Trial:
    """An endpoint of two workers; the release in force says that everybody stays, version 2 that all churn."""

    settings: Settings
    endpoint: Served
    given: list[int] = field(default_factory=list)

    def command(self, *arguments: str) -> int:
        return run(["experiments", *arguments])

    def begin(self) -> None:
        document = self.settings.home / "newer-model.json"
        document.write_bytes(msgspec.json.encode(EXPERIMENT))
        why = ("--reason", "version 2 was trained on more", "--by", "ada")
        assert self.command("create", PRODUCT, "newer-model", "--file", str(document), *why) == 0
        assert self.command("start", PRODUCT, "newer-model", *why) == 0
        wait_for(lambda: self.scores() == {STAYS, CHURNS}, self.endpoint)

    def ask(self, *entities: str) -> list[dict[str, object]]:
        answer = httpx.post(
            f"{self.endpoint.url}/v1/predict",
            json={"product": PRODUCT, "entities": entities},
            headers={"X-Request-Id": uuid.uuid4().hex},
            timeout=30.0,
        )
        assert answer.status_code == 200, answer.text
        predictions: list[dict[str, object]] = answer.json()["predictions"]
        self.given.append(len(predictions))
        return predictions

    def scores(self) -> set[object]:
        """Return every score that is given, asked often enough that both workers have answered."""
        return {answer["score"] for _ in range(8) for answer in self.ask(*CUSTOMERS[:30])}

    def orders(self, customers: list[str]) -> None:
        """Let these customers, and nobody else, have ordered within the horizon."""
        self.settings.staging_dir.mkdir(exist_ok=True)
        instant = (LONG_AGO + dt.timedelta(days=9)).replace(tzinfo=None)
        rows = {
            "order_id": pa.array([f"o-{customer}" for customer in customers], pa.string()),
            "customer_id": pa.array(customers, pa.string()),
            "ordered_at": pa.array([instant] * len(customers), pa.timestamp("us")),
        }
        pq.write_table(pa.table(rows), self.settings.staging_dir / "orders.parquet")

    def drain(self) -> None:
        """Move every answer that was given into the lake."""
        with connect(self.settings.online_url) as store:
            wait_for(
                lambda: len(read_batch(store, PREDICTION_STREAM, "0-0", 100_000)) >= sum(self.given), self.endpoint
            )
        drain_prediction_log(self.settings, open_ledger(self.settings.ledger_dsn), at=wall_now())

    def look(self) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(f"{PRODUCT}_experiments", ["newer-model"])
            assets = experiment_assets(product_named(PRODUCT), self.settings)
            return dg.materialize(assets, partition_key="newer-model", instance=instance)


@pytest.fixture
def trial(online_store: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    settings = online_store
    monkeypatch.setenv("PLATFORM_HOME", str(settings.home))
    monkeypatch.setenv("PLATFORM_FSYNC", "off")
    monkeypatch.setenv("REDIS_URL", settings.online_url)
    publisher = Publisher(settings.home)
    first = publisher.publish(PRODUCT, model_version=1, constant=STAYS)
    publisher.publish(PRODUCT, model_version=2, constant=CHURNS)
    publisher.point_at(PRODUCT, first.release_id)
    publish_features(settings)
    with served(settings, settings.home / "endpoint.log", workers=2) as endpoint:
        yield Trial(settings, endpoint)


def publish_features(settings: Settings) -> None:
    layout = feature_layout(product_named(PRODUCT))
    (key_set,) = layout.key_sets
    rows = KeySetTable(
        key_columns=[CUSTOMERS],
        event_times=np.full((len(CUSTOMERS), len(key_set.views)), LONG_AGO.timestamp()),
        values=np.ones((len(CUSTOMERS), len(key_set.columns))),
    )
    with connect(settings.online_url) as store:
        publish_snapshot(store, layout, [rows], as_of=LONG_AGO.timestamp(), snapshot_id="snap", settings=settings)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def test_answers_become_a_verdict_and_a_harmful_variant_is_stopped_and_out_of_the_traffic(trial: Trial) -> None:
    trial.begin()
    trial.orders(CUSTOMERS)  # they all stay: version 2 is wrong about everybody
    for start in range(0, len(CUSTOMERS), 50):
        trial.ask(*CUSTOMERS[start : start + 50])
    figures = httpx.get(f"{trial.endpoint.url}/v1/experiments/{PRODUCT}").json()
    assert [variant["errors"] for variant in figures["variants"]] == [0, 0]
    assert all(variant["answers"] for variant in figures["variants"])
    trial.drain()

    assert trial.command("show", PRODUCT, "newer-model") == 1
    result = trial.look()
    assert checks(result) == {SPLIT_CHECK: True, HARM_CHECK: False}
    (event,) = result.asset_materializations_for_node(f"{PRODUCT}__experiments")
    assert event.metadata["treatment/accuracy"].value == -1.0
    assert "worse" in str(event.metadata["verdicts"].value)

    record = read_experiment(trial.settings.releases_dir, PRODUCT, "newer-model")
    assert (record.state, record.changes[-1].by) == ("stopped", "dagster")
    assert record.changes[-1].reason.startswith("treatment is worse in accuracy: -1")
    wait_for(lambda: trial.scores() == {STAYS}, trial.endpoint)
    assert httpx.get(f"{trial.endpoint.url}/v1/experiments/{PRODUCT}").status_code == 404


def test_a_better_variant_goes_on_and_every_worker_gives_a_customer_the_same_answer(trial: Trial) -> None:
    trial.begin()
    trial.orders(["nobody"])  # all churn, as version 2 says
    first = {answer["entity_id"]: answer["score"] for answer in trial.ask(*CUSTOMERS)}
    for _ in range(6):
        assert {answer["entity_id"]: answer["score"] for answer in trial.ask(*CUSTOMERS)} == first
    trial.drain()
    result = trial.look()
    assert checks(result) == {SPLIT_CHECK: True, HARM_CHECK: True}
    (event,) = result.asset_materializations_for_node(f"{PRODUCT}__experiments")
    units = [event.metadata[f"{name}/units"].value for name in ("control", "treatment")]
    assert sum(map(int, map(str, units))) == len(CUSTOMERS), (
        "each customer counts once however often it was asked about"
    )
    assert event.metadata["treatment/accuracy"].value == 1.0
    assert read_experiment(trial.settings.releases_dir, PRODUCT, "newer-model").state == "running"
