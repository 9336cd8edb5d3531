"""An ensemble from training to an answer: MLflow, batch, HTTP and the command line give the mean of its members."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import lightgbm
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.batch.online_publication import publish_online
from platform_assets.batch.published_view import read_published, read_published_inputs
from platform_assets.clock import epoch_seconds
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.library import native_library
from platform_assets.inference.scoring import prepare_matrix
from platform_assets.registry.dataframes import without_zone
from platform_assets.registry.pair import HALVES
from platform_assets.registry.tracking import tracking_client
from platform_assets.settings import Settings
from platform_assets.training.approval import release_newest
from platform_assets.training.candidates import train_candidate
from tests.integration.operator_line import OperatorLine
from tests.integration.test_endpoint_process import logged, running
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, BatchHome, facts, unreleased_home
from tests.unit.inference.ensemble_samples import mean_by_hand
from tests.unit.registry.registry_home import PASSING, RegistryHome
from tests.unit.training.conftest import _examples

FIRST = GradientBoosting(
    objective="binary", rounds=15, learning_rate=0.1, leaves=7, min_rows_per_leaf=10, feature_fraction=0.6, seed=1
)
RECIPE = Ensemble(
    members=(FIRST, msgspec.structs.replace(FIRST, seed=2), msgspec.structs.replace(FIRST, leaves=12)),
    weights=(0.7, 0.2, 0.4),
    calibration="isotonic",
)
ENGINE = "native_forest x3" if native_library() else "lightgbm x3"
MODELS = ("model_1.txt", "model_2.txt", "model_3.txt")


@dataclass(frozen=True)
class Released:
    """A home in which an ensemble is in force, with the examples that it was trained on."""

    home: BatchHome
    bundle: Bundle
    examples: pa.Table

    @property
    def product(self) -> Product:
        return self.home.product

    def mean_of_members(self, matrix: Floats) -> Floats:
        """Return the calibrated mean of what the training package says of each member's own file."""
        boosters = [lightgbm.Booster(model_file=str(self.bundle.directory / name)) for name in MODELS]
        scores = [np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64) for booster in boosters]
        assert self.bundle.calibration is not None
        return self.bundle.calibration.apply(mean_by_hand(scores, RECIPE.member_weights))


@pytest.fixture
def released(online_store: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Released:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    plain = unreleased_home(tmp_path, settings=online_store)
    product = msgspec.structs.replace(plain.product, recipe=RECIPE, gates=PASSING)
    home, examples = replace(plain, product=product), _examples(product)
    RegistryHome(home.settings, home.ledger, examples).use(examples)
    train_candidate(home.settings, home.ledger, product, facts())
    release = release_newest(home.settings, home.ledger, product, facts()).release
    return Released(home, load_bundle(home.settings.home / release.bundle_path), examples)


@pytest.fixture
def endpoint(released: Released, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an endpoint with the ensemble, the features of the customers and their last batch."""
    home = released.home
    home.run()
    publish_online(home.settings, home.ledger, home.product, facts(), as_of=AS_OF)
    with running(home.settings, tmp_path / "endpoint.log") as (url, _):
        yield url


def test_mlflow_loads_the_pair_and_gives_the_mean_of_the_members(released: Released) -> None:
    import mlflow  # noqa: PLC0415 - several seconds to import

    asked = released.examples.slice(0, 200)
    tracking_client(released.home.settings)
    preprocessor, model = (mlflow.pyfunc.load_model(f"models:/churn_{half}/1") for half in HALVES)
    answered = model.predict(
        preprocessor.predict(without_zone(asked.drop_columns(["row_id", "as_of", "label"]).to_pandas()))
    )
    matrix = prepare_matrix(released.bundle, to_frame(released.product, asked))
    assert answered["score"].to_numpy().tobytes() == released.mean_of_members(matrix).tobytes()
    run = tracking_client(released.home.settings).get_run(released.bundle.manifest.training_run_id)
    assert run.data.params["ensemble"] == "weighted mean"
    assert run.data.params["member_3.num_leaves"] == "12"


def test_batch_and_endpoint_give_the_same_mean_to_the_last_bit(released: Released, endpoint: str) -> None:
    settings, product = released.home.settings, released.product
    inputs, batch = read_published_inputs(settings, product), read_published(settings, product)
    means = released.mean_of_members(prepare_matrix(released.bundle, to_frame(product, inputs)))
    expected = dict(zip(inputs.column("customer_id").to_pylist(), means.tolist(), strict=True))
    assert len(set(expected.values())) > 1
    assert dict(zip(batch.column("row_key").to_pylist(), batch.column("score").to_pylist(), strict=True)) == expected
    together = ask(endpoint, *CUSTOMERS)
    alone = [answer for customer in CUSTOMERS for answer in ask(endpoint, customer)]
    for answers in (together, alone):
        assert {answer["entity_id"]: answer["score"] for answer in answers} == expected
        assert {(answer["fallback"], answer["engine"], answer["device"]) for answer in answers} == {
            ("none", ENGINE, "cpu")
        }


def test_the_command_line_shows_an_answer_that_its_log_row_replays(released: Released, endpoint: str) -> None:
    settings = released.home.settings
    line = OperatorLine(settings, urlsplit(endpoint).port or 0)
    ended = line("predict", "churn", "--entity", CUSTOMERS[2], "--json")
    (answer,) = ended.told["predictions"]
    (entry,) = logged(settings)
    assert (entry.prediction_id, entry.engine) == (answer["prediction_id"], ENGINE)
    columns = dict(zip(released.product.stored_columns, entry.features, strict=True))
    frame = {name: np.array([value]) for name, value in columns.items()}
    instant = np.array([epoch_seconds(entry.event_at)])
    replayed = released.mean_of_members(prepare_matrix(released.bundle, {**frame, "event_at": instant}))
    assert replayed.tolist() == [answer["score"]]


def ask(url: str, *customers: str) -> list[dict[str, Any]]:
    body = {"product": "churn", "entities": list(customers), "event_at": AS_OF.isoformat()}
    rows: list[dict[str, Any]] = httpx.post(f"{url}/v1/predict", json=body).raise_for_status().json()["predictions"]
    return rows
