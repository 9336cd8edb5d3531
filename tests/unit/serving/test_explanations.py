"""An explanation is given on request, adds up, and is in the words of the product."""

import math

import pytest
from httpx import Response

from platform_assets.serving.limits import MAX_EXPLAINED_ROWS
from tests.unit.serving.conftest import Endpoint

FEATURES = {"11": 3.0, "12": 1.0}
pytestmark = pytest.mark.anyio


async def ask(endpoint: Endpoint, **body: object) -> Response:
    if not endpoint.parts.releases.states:
        endpoint.publisher.publish("churn")
        endpoint.publisher.publish("parking_demand")
        await endpoint.parts.refresh()
    endpoint.features.rows.update(FEATURES)
    async with endpoint.client() as client:
        return await client.post("/v1/predict", json=body)


async def test_whoever_asks_gets_reasons_that_add_up_beside_the_same_score(endpoint: Endpoint) -> None:
    plain = (await ask(endpoint, product="churn", entities=["11", "12"])).json()["predictions"]
    explained = (await ask(endpoint, product="churn", entities=["11", "12"], explain=True)).json()["predictions"]
    assert [each["score"] for each in explained] == [each["score"] for each in plain]
    for each in explained:
        told = each["explanation"]
        summed = told["baseline"] + sum(reason["contribution"] for reason in told["reasons"]) + told["others"]
        assert math.isclose(summed, told["margin"], rel_tol=1e-9)
        assert 1 <= len(told["reasons"]) <= 3
        assert all("speaks for" in reason["text"] or "speak for" in reason["text"] for reason in told["reasons"])


async def test_the_margin_is_the_score_of_a_model_without_link_and_calibration(endpoint: Endpoint) -> None:
    answer = (await ask(endpoint, product="churn", entities=["11"], explain=True)).json()["predictions"][0]
    assert math.isclose(answer["explanation"]["margin"], answer["score"], rel_tol=1e-9)


async def test_whoever_does_not_ask_gets_no_word_of_it(endpoint: Endpoint) -> None:
    for body in ({"entities": ["11"]}, {"entities": ["11"], "explain": False}):
        answer = (await ask(endpoint, product="churn", **body)).json()["predictions"][0]
        assert "explanation" not in answer


async def test_the_single_form_is_explained_too(endpoint: Endpoint) -> None:
    answer = (await ask(endpoint, model="churn", features={"customer_id": "12"}, explain=True)).json()
    assert answer["explanation"]["reasons"]


async def test_a_fallback_has_no_explanation_and_says_null(endpoint: Endpoint) -> None:
    answers = (await ask(endpoint, product="churn", entities=["11", "unknown"], explain=True)).json()["predictions"]
    assert answers[0]["explanation"] is not None
    assert (answers[1]["fallback"], answers[1]["explanation"]) == ("default_score", None)


async def test_a_product_that_declares_no_explanation_gives_none(endpoint: Endpoint) -> None:
    await ask(endpoint, product="churn", entities=["11"])
    live = endpoint.parts.releases.current("parking_demand")
    response = await ask(endpoint, product="parking_demand", rows=[live.schema.example], explain=True)
    assert (response.status_code, response.json()["code"]) == (422, "not_explainable")


async def test_too_many_rows_at_once_are_not_explained(endpoint: Endpoint) -> None:
    many = [str(number) for number in range(MAX_EXPLAINED_ROWS + 1)]
    response = await ask(endpoint, product="churn", entities=many, explain=True)
    assert (response.status_code, response.json()["code"]) == (422, "malformed_request")
    assert "$.explain" in response.json()["detail"]


async def test_an_explained_answer_is_logged_once_like_any_other(endpoint: Endpoint) -> None:
    await ask(endpoint, product="churn", entities=["11", "12"], explain=True)
    assert [entry.entity_id for entry in endpoint.log.entries] == ["11", "12"]
