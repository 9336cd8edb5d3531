"""POST /v2/models/{model}/infer: tensors in, the answers of the heart out, and every refusal in both shapes."""

import json
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from platform_assets.serving.open_inference.binary import encode_values
from platform_assets.serving.open_inference.outputs import OUTPUTS
from tests.unit.serving.conftest import AS_OF, Endpoint
from tests.unit.serving.test_heart import BATCH, ORDER, SLOT

pytestmark = pytest.mark.anyio

CUSTOMERS = {"name": "customer_id", "shape": [2], "datatype": "BYTES", "data": ["13085", "unseen"]}
KINDS = {str: "BYTES", float: "FP64", int: "INT64"}
INFER = "/v2/models/churn/infer"


def tensor(name: str, *values: object, datatype: str = "BYTES") -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": datatype, "data": list(values)}


def order_tensors() -> list[dict[str, Any]]:
    return [tensor(name, value, datatype=KINDS[type(value)]) for name, value in ORDER.items()]


@pytest.fixture
async def served(endpoint: Endpoint) -> Endpoint:
    for product in ("churn", "cancellation_risk", "parking_demand"):
        endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 4.0, "BHMBCCMKT01": 0.4}
    return endpoint


async def post(endpoint: Endpoint, path: str, body: object, **headers: str | bytes) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]
    async with endpoint.client() as client:
        return await client.post(path, content=content, headers=raw)


async def infer(endpoint: Endpoint, path: str, **body: object) -> dict[str, Any]:
    response = await post(endpoint, path, body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def by_name(answer: dict[str, Any]) -> dict[str, list[Any]]:
    return {output["name"]: output["data"] for output in answer["outputs"]}


async def test_the_scores_are_those_of_the_plain_route_to_the_last_bit(served: Endpoint) -> None:
    answer = await infer(served, "/v2/models/cancellation_risk/infer", inputs=order_tensors())
    plain = await post(served, "/v1/predict", {"product": "cancellation_risk", "rows": [ORDER]})
    (expected,) = plain.json()["predictions"]
    outputs = by_name(answer)
    assert outputs["score"] == [expected["score"]]
    assert outputs["label"] == [expected["label"]]
    assert outputs["entity_id"] == ["581587"]
    assert served.log.entries[0].request == served.log.entries[1].request


async def test_an_answer_names_model_version_release_and_the_callers_id(served: Endpoint) -> None:
    release = served.parts.releases.current("churn").release
    answer = await infer(served, "/v2/models/churn/versions/1/infer", id="call-7", inputs=[CUSTOMERS])
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("churn", "1", "call-7")
    assert answer["parameters"]["release_id"] == release.release_id
    assert answer["parameters"]["event_at"] == AS_OF.isoformat()
    assert [output["name"] for output in answer["outputs"]] == list(OUTPUTS)
    assert all(output["shape"] == [2] for output in answer["outputs"])


async def test_every_answer_is_logged_under_the_id_that_the_caller_got(served: Endpoint) -> None:
    answer = await infer(served, INFER, inputs=[CUSTOMERS])
    assert [entry.prediction_id for entry in served.log.entries] == by_name(answer)["prediction_id"]


async def test_a_fallback_and_its_standing_are_told_row_by_row(served: Endpoint) -> None:
    served.batches.rows = {"unseen": BATCH}
    outputs = by_name(await infer(served, INFER, inputs=[CUSTOMERS]))
    assert outputs["fallback"] == ["none", "last_batch"]
    assert outputs["reason"] == ["", "unknown_entity"]
    assert outputs["model_version"] == [1, 7]
    assert outputs["action_allowed"] == [True, True]
    assert outputs["as_of"][1] == BATCH.as_of.isoformat()


async def test_a_row_without_a_score_is_null_and_not_valid_and_never_a_number(served: Endpoint) -> None:
    rows = {"parking_bay_id": ["BHMBCCMKT01", "nowhere"], "target_at": [SLOT["target_at"]] * 2}
    inputs = [tensor(name, *values) for name, values in rows.items()]
    outputs = by_name(await infer(served, "/v2/models/parking_demand/infer", inputs=inputs))
    assert outputs["is_valid"] == [True, False]
    assert outputs["score"][0] is not None
    assert outputs["score"][1] is None
    assert outputs["action_allowed"] == [True, False]


async def test_outputs_are_selected_in_the_order_of_the_request(served: Endpoint) -> None:
    wanted = [{"name": "label"}, {"name": "score"}]
    answer = await infer(served, INFER, inputs=[CUSTOMERS], outputs=wanted)
    assert [output["name"] for output in answer["outputs"]] == ["label", "score"]


async def test_stored_features_that_are_sent_replace_the_lookup_and_nan_means_unknown(served: Endpoint) -> None:
    columns = served.parts.releases.current("churn").product.stored_columns
    inputs = [tensor("customer_id", "new"), *(tensor(name, 3.0, datatype="FP64") for name in columns[1:])]
    inputs.append(tensor(columns[0], None, datatype="FP64"))
    outputs = by_name(await infer(served, INFER, inputs=inputs))
    assert served.features.reads == 0
    assert outputs["fallback"] == ["none"]
    assert np.isnan(served.log.entries[0].features[0])


async def test_the_instant_of_the_rows_travels_as_a_parameter(served: Endpoint) -> None:
    answer = await infer(served, INFER, inputs=[CUSTOMERS], parameters={"event_at": "2011-12-08T12:00:00Z", "x": [1]})
    assert answer["parameters"]["event_at"] == "2011-12-08T12:00:00+00:00"


async def test_a_column_of_one_is_taken_flat_and_nested(served: Endpoint) -> None:
    flat = {**CUSTOMERS, "shape": [2, 1]}
    nested = {**flat, "data": [["13085"], ["unseen"]]}
    answers = [by_name(await infer(served, INFER, inputs=[inputs])) for inputs in (flat, nested)]
    assert answers[0]["score"] == answers[1]["score"]


async def test_binary_tensors_give_the_same_answer_as_json(served: Endpoint) -> None:
    raw = encode_values("BYTES", CUSTOMERS["data"])  # type: ignore[arg-type]  # plain JSON above
    header = json.dumps(
        {
            "inputs": [{**CUSTOMERS, "data": None, "parameters": {"binary_data_size": len(raw)}}],
            "outputs": [{"name": "score", "parameters": {"binary_data": True}}, {"name": "label"}],
        }
    ).encode()
    length = {"Inference-Header-Content-Length": str(len(header))}
    response = await post(served, INFER, header + raw, **length)
    assert response.headers["content-type"] == "application/octet-stream"
    end = int(response.headers["inference-header-content-length"])
    score, label = json.loads(response.content[:end])["outputs"]
    expected = by_name(await infer(served, INFER, inputs=[CUSTOMERS]))
    assert score["parameters"] == {"binary_data_size": 16}
    assert np.frombuffer(response.content[end:], "<f8").tolist() == expected["score"]
    assert label["data"] == expected["label"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "missing required field `inputs`"),
        ({"inputs": []}, "no tensor"),
        ({"inputs": [tensor("colour", "red")]}, "unknown tensor 'colour'"),
        ({"inputs": [tensor("customer_id", 1.0, datatype="FP64")]}, "$.inputs[0].datatype"),
        ({"inputs": [tensor("customer_id", "1")] * 2}, "stands twice"),
        ({"inputs": [tensor("customer_id", "1"), tensor("order_count", 1.0, 2.0, datatype="FP64")]}, "2 rows where"),
        ({"inputs": [{**CUSTOMERS, "shape": [3]}]}, "2 elements where the shape says 3"),
        ({"inputs": [{**CUSTOMERS, "shape": [2, 2]}]}, "expected [n] or [n, 1]"),
        ({"inputs": [{**CUSTOMERS, "shape": [1, 2]}]}, "expected [n] or [n, 1]"),
        ({"inputs": [{**CUSTOMERS, "shape": [-2]}]}, "$.inputs[0].shape"),
        ({"inputs": [{**CUSTOMERS, "shape": []}]}, "$.inputs[0].shape"),
        ({"inputs": [{**CUSTOMERS, "shape": [0], "data": []}]}, "0 rows; 1 to 1000"),
        ({"inputs": [{**CUSTOMERS, "shape": [10**18]}]}, "1000000000000000000 rows; 1 to 1000"),
        ({"inputs": [{**CUSTOMERS, "data": [["13085"], ["2"]]}]}, "nested deeper"),
        ({"inputs": [{**CUSTOMERS, "data": None}]}, "exactly one of data and"),
        ({"inputs": [{**CUSTOMERS, "parameters": {"binary_data_size": 4}}]}, "exactly one of data and"),
        ({"inputs": [tensor("customer_id", "")]}, "$.rows[0].customer_id: it is required"),
        ({"inputs": [tensor("customer_id", True)]}, "$.rows[0].customer_id"),  # noqa: FBT003 - a value of a tensor
        ({"inputs": [tensor("customer_id", "x" * 201)]}, "length <= 200"),
        ({"inputs": [tensor("customer_id", "1"), tensor("order_count", "2", datatype="FP64")]}, "order_count"),
        ({"inputs": [tensor("order_count", 2.0, datatype="FP64")]}, "customer_id: it is required"),
        ({"inputs": [CUSTOMERS], "outputs": [{"name": "colour"}]}, "$.outputs[0].name: unknown output 'colour'"),
        ({"inputs": [CUSTOMERS], "parameters": {"event_at": "soon"}}, "$.event_at"),
        ({"inputs": [CUSTOMERS], "id": 7}, "$.id"),
    ],
)
async def test_a_request_that_does_not_fit_is_refused_in_both_shapes_and_not_logged(
    served: Endpoint, body: object, problem: str
) -> None:
    response = await post(served, INFER, body)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert problem in told["detail"]
    assert (told["error"], told["code"]) == (told["detail"], "malformed_request")
    assert told["request_id"] == response.headers["x-request-id"]
    assert served.log.entries == []


def behind(size: int, *, name: str = "customer_id", datatype: str = "BYTES", shape: int = 1) -> bytes:
    parameters = {"binary_data_size": size}
    return json.dumps(
        {"inputs": [{"name": name, "shape": [shape], "datatype": datatype, "parameters": parameters}]}
    ).encode()


@pytest.mark.parametrize(
    ("header", "raw", "length", "problem"),
    [
        (behind(5), b"\x01\0\0\0a", "999999", "expected a length from 0 to"),
        (behind(5), b"\x01\0\0\0a", "-1", "expected a length"),
        (behind(5), b"\x01\0\0\0a", "1" * 5000, "expected a length"),
        (behind(5), b"\x01\0\0\0a", b"\xb2", "expected a length"),
        (behind(5), b"\x01\0\0\0", None, "4 bytes are left"),
        (behind(5), b"\x01\0\0\0ab", None, "1 bytes at the end belong to no tensor"),
        (behind(5), b"\x02\0\0\0a", None, "element 0 ends behind the tensor"),
        (behind(3), b"\x00\0\0", None, "element 0 ends behind the tensor"),
        (behind(5), b"\x00\0\0\0a", None, "1 bytes behind the last of 1 elements"),
        (behind(5), b"\x01\0\0\0\xff", None, "element 0 is not UTF-8"),
        (behind(5), b"\xff\xff\xff\xffa", None, "element 0 ends behind the tensor"),
        (behind(7, name="order_count", datatype="FP64"), b"\0" * 7, None, "1 elements of FP64 have 8 bytes"),
        (behind(-1), b"", None, "$.inputs[0].parameters.binary_data_size"),
    ],
)
async def test_binary_data_that_does_not_fit_is_refused(
    served: Endpoint, header: bytes, raw: bytes, length: str | bytes | None, problem: str
) -> None:
    sent = {"Inference-Header-Content-Length": length or str(len(header))}
    response = await post(served, INFER, header + raw, **sent)
    assert response.status_code == 422, response.text
    assert problem in response.json()["error"]


async def test_an_infinite_element_is_refused(served: Endpoint) -> None:
    count = {"name": "order_count", "datatype": "FP64", "shape": [1], "parameters": {"binary_data_size": 8}}
    header = json.dumps({"inputs": [tensor("customer_id", "1"), count]}).encode()
    raw = np.array([np.inf]).tobytes()
    response = await post(served, INFER, header + raw, **{"Inference-Header-Content-Length": str(len(header))})
    assert response.status_code == 422
    assert "$.inputs[1]: expected finite numbers" in response.json()["error"]


async def test_a_body_that_is_no_json_is_refused_in_both_shapes(served: Endpoint) -> None:
    for body in (b"", b"{", b"\xff", b'{"inputs": NaN}', b'{"x":' + b"[" * 100_000):
        response = await post(served, INFER, body)
        assert response.status_code == 400, body
        assert response.json()["error"].startswith("the body is not valid JSON")


async def test_a_version_that_is_not_in_force_is_not_found_and_told_which_one_is(served: Endpoint) -> None:
    served.publisher.publish("churn", model_version=2)
    await served.parts.refresh()
    old = await post(served, "/v2/models/churn/versions/1/infer", {"inputs": [CUSTOMERS]})
    new = await infer(served, "/v2/models/churn/versions/2/infer", inputs=[CUSTOMERS])
    assert (old.status_code, old.json()["code"]) == (404, "unknown_model_version")
    assert "version '1' is not in force, version 2 is" in old.json()["error"]
    assert new["model_version"] == "2"


async def test_a_model_that_is_not_served_is_not_found_in_both_shapes(served: Endpoint) -> None:
    response = await post(served, "/v2/models/nothing/infer", {"inputs": [CUSTOMERS]})
    assert (response.status_code, response.json()["code"]) == (404, "unknown_product")
    assert msgspec.json.decode(response.content)["error"] == response.json()["detail"]
