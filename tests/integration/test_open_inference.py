"""The Open Inference Protocol against a real process, with a client that somebody else wrote."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.settings import Settings
from tests.integration.test_endpoint_process import logged, running
from tests.unit.serving.conftest import Publisher, product_named
from tests.unit.serving.test_heart import ORDER, SLOT

TYPES: dict[type, tuple[str, Any]] = {str: ("BYTES", np.object_), float: ("FP64", np.float64), int: ("INT64", np.int64)}
CUSTOMER = dict.fromkeys(product_named("churn").stored_columns, 0.1 + 1 / 3)
STORED = product_named("cancellation_risk").stored_columns
ORDERS = [
    {**ORDER, "order_id": f"order-{n}", "order_gbp": 505.3 / (n + 1), **dict.fromkeys(STORED, n / 7 - 3.0)}
    for n in range(50)
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with three released products."""
    path = tmp_path_factory.mktemp("home")
    for product in ("churn", "cancellation_risk", "parking_demand"):
        Publisher(path).publish(product)
    return path


@pytest.fixture(scope="module")
def served(home: Path, online_server: str) -> Iterator[tuple[str, Settings]]:
    """Give the URL of one endpoint process for all tests, and its settings."""
    settings = Settings(home=home, redis_url=online_server, fsync=False)
    with running(settings, home / "endpoint.log") as (url, _):
        yield url, settings


@pytest.fixture
def client(served: tuple[str, Settings]) -> Iterator[triton.InferenceServerClient]:
    """Give the third-party client."""
    with triton.InferenceServerClient(served[0].removeprefix("http://")) as client:
        yield client


def tensors(rows: Sequence[dict[str, Any]], *, binary: bool) -> list[triton.InferInput]:
    inputs = []
    for name in rows[0]:
        datatype, dtype = TYPES[type(rows[0][name])]
        values = np.array([row[name] for row in rows], dtype=dtype)
        inputs.append(triton.InferInput(name, [len(rows)], datatype).set_data_from_numpy(values, binary_data=binary))
    return inputs


def plain(url: str, product: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    response = httpx.post(f"{url}/v1/predict", json={"product": product, "rows": rows})
    assert response.status_code == 200, response.text
    predictions: list[dict[str, Any]] = response.json()["predictions"]
    return predictions


def test_the_client_finds_the_server_alive_ready_and_able_to_speak_binary(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", "1")
    assert not client.is_model_ready("churn", "2")
    assert not client.is_model_ready("nothing")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]


def test_the_client_reads_the_tensors_of_a_model(client: triton.InferenceServerClient) -> None:
    metadata = client.get_model_metadata("cancellation_risk", "1")
    assert metadata["versions"] == ["1"]
    datatypes = {tensor["name"]: tensor["datatype"] for tensor in metadata["inputs"]}
    assert {name: datatypes[name] for name in ORDER} == {name: TYPES[type(value)][0] for name, value in ORDER.items()}


@pytest.mark.parametrize("binary", [True, False])
def test_scores_through_the_client_are_those_of_the_plain_route_to_the_last_bit(
    client: triton.InferenceServerClient, served: tuple[str, Settings], *, binary: bool
) -> None:
    expected = plain(served[0], "cancellation_risk", ORDERS)
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("label", "score", "is_valid")]
    result = client.infer("cancellation_risk", tensors(ORDERS, binary=binary), outputs=wanted, request_id="call-7")
    scores = result.as_numpy("score")
    assert scores.tobytes() == np.array([row["score"] for row in expected]).tobytes()
    assert len(set(scores.tolist())) > 1
    assert result.as_numpy("is_valid").tolist() == [True] * 50
    labels = [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("label")]
    assert labels == [row["label"] for row in expected]
    assert result.get_response()["id"] == "call-7"


def test_a_request_without_outputs_gets_all_of_them_in_binary(
    client: triton.InferenceServerClient, served: tuple[str, Settings]
) -> None:
    rows = [{"customer_id": "13085", **CUSTOMER}]
    (expected,) = plain(served[0], "churn", rows)
    result = client.infer("churn", tensors(rows, binary=True))
    assert result.as_numpy("score").tolist() == [expected["score"]]
    assert result.as_numpy("release_id").tolist() == [expected["release_id"].encode()]
    assert result.as_numpy("reason").tolist() == [b""]
    assert result.as_numpy("model_version").tolist() == [1]
    assert result.as_numpy("action_allowed").tolist() == [True]


@pytest.mark.parametrize("binary", [True, False])
def test_a_row_that_no_model_can_answer_has_the_score_nan_and_is_not_valid(
    client: triton.InferenceServerClient, *, binary: bool
) -> None:
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("score", "is_valid", "action_allowed")]
    result = client.infer("parking_demand", tensors([SLOT], binary=binary), outputs=wanted)
    assert np.isnan(result.as_numpy("score")).tolist() == [True]
    assert result.as_numpy("is_valid").tolist() == result.as_numpy("action_allowed").tolist() == [False]


def test_an_answer_through_the_client_is_in_the_prediction_log(
    client: triton.InferenceServerClient, served: tuple[str, Settings]
) -> None:
    result = client.infer("cancellation_risk", tensors(ORDERS[:3], binary=True))
    ids = {value.decode() for value in result.as_numpy("prediction_id")}
    entries = _logged_in_time(served[1], ids)
    assert [entry.score for entry in entries] == result.as_numpy("score").tolist()
    assert [entry.entity_id for entry in entries] == ["order-0", "order-1", "order-2"]


def _logged_in_time(settings: Settings, ids: set[str]) -> list[PredictionLogEntry]:
    """Return the log entries of these ids as soon as the endpoint's background writer has written them all."""
    deadline = time.monotonic() + 30.0
    entries: list[PredictionLogEntry] = []
    while len(entries) < len(ids) and time.monotonic() < deadline:
        time.sleep(0.02)
        entries = [entry for entry in logged(settings) if entry.prediction_id in ids]
    return entries


@pytest.mark.parametrize(
    ("model", "version", "rows", "status", "message"),
    [
        ("nothing", "", [{"customer_id": "1"}], "404", "product 'nothing' is not known"),
        ("churn", "7", [{"customer_id": "1"}], "404", "version '7' is not in force, version 1 is"),
        ("churn", "", [{"colour": "red"}], "422", "unknown tensor 'colour'; known: customer_id"),
        ("churn", "", [{"customer_id": 1}], "422", "tensor 'customer_id' is BYTES, got 'INT64'"),
        ("cancellation_risk", "", [{**ORDER, "order_gbp": -1.0}], "422", "at least 0"),
        ("churn", "", [{"customer_id": "1"}] * 1001, "422", "1 to 1000 are allowed"),
    ],
)
def test_errors_reach_the_caller_of_the_client_with_our_text(
    client: triton.InferenceServerClient,
    model: str,
    version: str,
    rows: list[dict[str, Any]],
    status: str,
    message: str,
) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.infer(model, tensors(rows, binary=True), model_version=version)
    assert caught.value.status() == status
    assert message in caught.value.message()


def test_a_route_of_another_extension_is_refused_with_our_text(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException) as caught:
        client.get_model_repository_index()
    assert caught.value.status() == "404"
    assert "there is nothing at /v2/repository/index" in caught.value.message()
