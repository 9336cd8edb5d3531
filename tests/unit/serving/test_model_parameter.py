"""A product that is named in the address instead of the body."""

import httpx
import pytest

from tests.unit.serving.conftest import Endpoint

pytestmark = pytest.mark.anyio


async def post(endpoint: Endpoint, path: str, body: dict[str, object]) -> httpx.Response:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    async with endpoint.client() as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize("body", [{"entities": ["1"]}, {"rows": [{"customer_id": "1"}]}])
async def test_the_address_names_the_product_of_a_body_that_names_none(
    endpoint: Endpoint, body: dict[str, object]
) -> None:
    answered = await post(endpoint, "/v1/predict?model=churn", body)
    assert answered.status_code == 200, answered.text
    assert answered.json()["predictions"][0]["product"] == "churn"


async def test_the_single_form_is_answered_flat_too(endpoint: Endpoint) -> None:
    answered = await post(endpoint, "/v1/predict?model=churn", {"features": {"customer_id": "1"}})
    assert answered.json()["model_version"] == 1
    assert "prediction" in answered.json()


async def test_a_body_that_names_its_product_is_obeyed(endpoint: Endpoint) -> None:
    answered = await post(endpoint, "/v1/predict?model=unheard_of", {"product": "churn", "entities": ["1"]})
    assert answered.status_code == 200, answered.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("model=unheard_of", 404, "unknown_product"),
        ("model=", 422, "malformed_request"),
        (f"model={'x' * 65}", 422, "malformed_request"),
        ("other=churn", 422, "malformed_request"),
    ],
)
async def test_an_address_that_names_no_product_is_a_problem(
    endpoint: Endpoint, query: str, status: int, code: str
) -> None:
    refused = await post(endpoint, f"/v1/predict?{query}", {"entities": ["1"]})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
