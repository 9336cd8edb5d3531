"""What the protocol tells about the server, its models and its health; and what lies beside its routes."""

import tomllib

import pytest

from platform_assets.serving.open_inference.metadata import SERVER
from platform_assets.settings import PROJECT_ROOT
from tests.unit.serving.conftest import Endpoint
from tests.unit.serving.test_operations_routes import get

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(endpoint: Endpoint) -> Endpoint:
    for product in ("churn", "cancellation_risk"):
        endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    return endpoint


async def test_the_server_tells_its_name_version_and_extension(served: Endpoint) -> None:
    for path in ("/v2", "/v2/"):
        told = await get(served, path)
        assert told == {"name": "platform-assets", "version": SERVER.version, "extensions": ["binary_tensor_data"]}


def test_the_version_of_the_server_is_that_of_the_project() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    assert (SERVER.name, SERVER.version) == (project["name"], project["version"])


async def test_a_model_tells_its_live_version_and_every_tensor(served: Endpoint) -> None:
    told = await get(served, "/v2/models/cancellation_risk")
    assert await get(served, "/v2/models/cancellation_risk/versions/1") == told
    assert (told["name"], told["versions"], told["platform"]) == ("cancellation_risk", ["1"], "lightgbm")
    live = served.parts.releases.current("cancellation_risk")
    inputs = {tensor["name"]: tensor for tensor in told["inputs"]}
    assert list(inputs) == [*live.schema.fields, *live.product.stored_columns]
    assert {name: inputs[name]["datatype"] for name in ("order_id", "order_gbp", "line_count")} == {
        "order_id": "BYTES",
        "order_gbp": "FP64",
        "line_count": "INT64",
    }
    assert all(tensor["shape"] == [-1] for tensor in (*told["inputs"], *told["outputs"]))
    assert {tensor["name"] for tensor in told["outputs"]} > {"score", "is_valid", "action_allowed", "fallback"}


async def test_the_required_tensors_of_the_metadata_are_enough_for_an_answer(served: Endpoint) -> None:
    live = served.parts.releases.current("cancellation_risk")
    told = await get(served, "/v2/models/cancellation_risk")
    inputs = [
        {"name": each["name"], "datatype": each["datatype"], "shape": [1], "data": [live.schema.example[each["name"]]]}
        for each in told["inputs"]
        if each["parameters"]["is_required"]
    ]
    async with served.client() as client:
        response = await client.post("/v2/models/cancellation_risk/infer", json={"inputs": inputs})
    assert response.status_code == 200, response.text


async def test_health_is_ready_only_when_every_released_product_answers(served: Endpoint) -> None:
    assert await get(served, "/v2/health/live") == {"live": True}
    assert await get(served, "/v2/health/ready") == {"live": True, "ready": True}
    served.publisher.publish("parking_demand", files={"model.txt": b"no model"})
    await served.parts.refresh()
    assert await get(served, "/v2/health/live") == {"live": True}
    assert await get(served, "/v2/health/ready", 503) == {"live": False, "ready": False}
    assert await get(served, "/v2/models/parking_demand/ready", 503) == {"name": "parking_demand", "ready": False}
    assert await get(served, "/v2/models/churn/ready") == {"name": "churn", "ready": True}
    assert await get(served, "/v2/models/churn/versions/1/ready") == {"name": "churn", "ready": True}
    assert (await get(served, "/v2/models/churn/versions/9/ready", 404))["code"] == "unknown_model_version"


async def test_what_lies_beside_the_routes_is_told_apart_in_both_shapes(served: Endpoint) -> None:
    missing = await get(served, "/v2/repository/index", 404)
    assert (missing["code"], missing["error"]) == ("unknown_route", missing["detail"])
    wrong = await get(served, "/v2/models/churn/infer", 405)
    assert (wrong["code"], wrong["error"]) == ("method_not_allowed", wrong["detail"])
    assert "use POST" in wrong["detail"]
