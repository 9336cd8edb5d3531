"""The older routes answer like POST /v1/predict, say that they are deprecated, and end on their sunset date."""

import datetime as dt
import json
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from platform_assets.clock import from_epoch
from platform_assets.serving.aliases.dates import DEPRECATED_AT, SUNSET_AT
from platform_assets.serving.aliases.feature_lists import schema_id
from tests.unit.serving.conftest import Endpoint
from tests.unit.serving.test_heart import ORDER

pytestmark = pytest.mark.anyio

ALIASES = ("/predict", "/predict/feast", "/predict/feast/batch")


@pytest.fixture
async def served(endpoint: Endpoint) -> Endpoint:
    for product in ("churn", "cancellation_risk"):
        endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 4.0, "13086": 9.0}
    return endpoint


async def post(endpoint: Endpoint, path: str, body: object) -> httpx.Response:
    async with endpoint.client() as client:
        return await client.post(path, content=body if isinstance(body, bytes) else json.dumps(body).encode())


def values(answer: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return an answer without what differs between two equal calls."""
    own = {"prediction_id", "request_id", "latency_ms", "cache_hit"}
    if isinstance(answer, list):
        return [values(each) for each in answer]
    if isinstance(answer, dict):
        return {name: values(value) for name, value in answer.items() if name not in own}
    return answer


async def assert_same(endpoint: Endpoint, alias: str, body: object, canonical: object) -> None:
    old, new = await post(endpoint, alias, body), await post(endpoint, "/v1/predict", canonical)
    assert old.status_code == new.status_code == 200, old.text
    assert values(old.json()) == values(new.json())


async def test_features_in_the_payload_are_answered_as_by_the_successor(served: Endpoint) -> None:
    single = {"model": "cancellation_risk", "features": ORDER}
    await assert_same(served, "/predict", single, single)
    rows = {"product": "cancellation_risk", "rows": [ORDER, ORDER], "event_at": "2011-12-01"}
    await assert_same(served, "/predict", rows, rows)


async def test_one_entity_and_several_are_answered_as_by_the_successor(served: Endpoint) -> None:
    one, two = {"product": "churn", "entities": ["13085"]}, {"product": "churn", "entities": ["13085", "13086"]}
    await assert_same(served, "/predict/feast", {"model": "churn", "entity_id": "13085"}, one)
    for path in ("/predict/feast", "/predict/feast/batch"):
        await assert_same(served, path, {"product": "churn", "entities": ["13085", "13086"]}, two)


async def test_entities_are_taken_as_rows_and_as_columns_too(served: Endpoint) -> None:
    rows = [{**ORDER, "order_id": "1"}, {**ORDER, "order_id": "2"}]
    columns = {name: [row[name] for row in rows] for name in ORDER}
    canonical = {"product": "cancellation_risk", "rows": rows}
    for entities in (rows, columns):
        body = {"model": "cancellation_risk", "entities": entities}
        await assert_same(served, "/predict/feast/batch", body, canonical)


async def test_a_list_of_features_is_taken_with_the_id_of_its_order(served: Endpoint) -> None:
    schema = served.parts.releases.current("cancellation_risk").schema
    canonical = {"model": "cancellation_risk", "features": ORDER}
    body = {"model": "cancellation_risk", "features": [ORDER[name] for name in schema.fields]}
    await assert_same(served, "/predict", {**body, "schema_id": schema_id(schema)}, canonical)
    stored = [1.5] * len(schema.stored)
    full = {**body, "features": [*body["features"], *stored], "schema_id": schema_id(schema)}
    named = {**canonical, "features": {**ORDER, **dict.fromkeys(schema.stored, 1.5)}}
    await assert_same(served, "/predict", full, named)


async def test_a_list_without_or_with_another_schema_id_is_refused_and_told_the_order(served: Endpoint) -> None:
    schema = served.parts.releases.current("churn").schema
    other = schema_id(served.parts.releases.current("cancellation_risk").schema)
    for extra in ({}, {"schema_id": other}):
        response = await post(served, "/predict", {"model": "churn", "features": ["13085"], **extra})
        assert response.status_code == 422
        detail = response.json()["detail"]
        assert detail.startswith(f"$.schema_id: a list of features needs schema_id '{schema_id(schema)}', ")
        assert "which stands for customer_id, then all or none of" in detail
    assert served.log.entries == []


async def test_a_list_of_the_wrong_length_is_refused(served: Endpoint) -> None:
    schema = served.parts.releases.current("churn").schema
    body = {"model": "churn", "features": ["13085", 1.0], "schema_id": schema_id(schema)}
    response = await post(served, "/predict", body)
    assert response.status_code == 422
    assert "2 values; expected 1 or" in response.json()["detail"]


@pytest.mark.parametrize("path", ALIASES)
async def test_every_answer_good_or_bad_names_deprecation_sunset_and_successor(served: Endpoint, path: str) -> None:
    good = await post(served, path, {"product": "churn", "entities": ["13085"]})
    bad = await post(served, path, {"product": "nothing", "entities": ["13085"]})
    assert (good.status_code, bad.status_code) == (200, 404)
    for response in (good, bad):
        assert from_epoch(float(response.headers["deprecation"].removeprefix("@"))) == DEPRECATED_AT
        assert parsedate_to_datetime(response.headers["sunset"]) == SUNSET_AT
        assert response.headers["sunset"].endswith("GMT")
        assert response.headers["link"] == '</v1/predict>; rel="successor-version"'


@pytest.mark.parametrize("path", ALIASES)
async def test_an_alias_answers_until_its_sunset_and_is_gone_from_then_on(served: Endpoint, path: str) -> None:
    body = {"product": "churn", "entities": ["13085"]}
    last = replace(served.parts.heart, wall=lambda: SUNSET_AT - dt.timedelta(microseconds=1))
    gone = replace(served.parts.heart, wall=lambda: SUNSET_AT)
    served.parts = replace(served.parts, heart=last)
    assert (await post(served, path, body)).status_code == 200
    served.parts = replace(served.parts, heart=gone)
    response = await post(served, path, body)
    assert (response.status_code, response.json()["code"]) == (410, "route_retired")
    assert response.headers["content-type"] == "application/problem+json"
    assert "send the request to POST /v1/predict" in response.json()["detail"]
    assert response.headers["link"] == '</v1/predict>; rel="successor-version"'
    assert (await post(served, "/v1/predict", body)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("/predict", {}, "exactly one of entities, rows and features"),
        ("/predict", {"features": ["13085"]}, "name the product once"),
        ("/predict", {"model": "churn", "features": [["13085"]]}, "$.features[0]"),
        ("/predict", {"model": "churn", "features": {"customer_id": "1"}, "colour": 1}, "colour"),
        ("/predict/feast", {"product": "churn"}, "exactly one of entity_id and entities"),
        ("/predict/feast", {"product": "churn", "entity_id": "1", "entities": ["1"]}, "exactly one of entity_id"),
        ("/predict/feast", {"product": "churn", "entity_id": 7}, "$.entity_id"),
        ("/predict/feast", {"product": "churn", "entity_id": ""}, "$.entity_id"),
        ("/predict/feast", {"entity_id": "1"}, "name the product once"),
        ("/predict/feast", {"product": "churn", "model": "churn", "entity_id": "1"}, "name the product once"),
        ("/predict/feast/batch", {"product": "churn", "entity_id": "1"}, "entity_id"),
        ("/predict/feast/batch", {"product": "churn"}, "0 rows"),
        ("/predict/feast/batch", {"product": "churn", "entities": []}, "0 rows"),
        ("/predict/feast/batch", {"product": "churn", "entities": {}}, "0 rows"),
        ("/predict/feast/batch", {"product": "churn", "entities": ["1"] * 1001}, "1001 rows"),
        (
            "/predict/feast/batch",
            {"product": "churn", "entities": ["1", {"customer_id": "2"}]},
            "ids or all as rows",
        ),
        ("/predict/feast/batch", {"product": "churn", "entities": [["1"]]}, "$.entities[0]"),
        ("/predict/feast/batch", {"product": "churn", "entities": {"customer_id": ["1"], "x": []}}, "0 to 1 values"),
        ("/predict/feast/batch", {"product": "churn", "entities": {"colour": ["red"]}}, "$.rows[0].colour"),
        ("/predict/feast/batch", {"product": "cancellation_risk", "entities": ["1"]}, "needs rows with"),
        ("/predict/feast/batch", {"product": "churn", "entities": ["1"], "event_at": "soon"}, "$.event_at"),
        ("/predict/feast/batch", [], "Expected `object`"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_with_its_path(
    served: Endpoint, path: str, body: object, problem: str
) -> None:
    response = await post(served, path, body)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert problem in response.json()["detail"]


@pytest.mark.parametrize("path", ALIASES)
async def test_a_body_that_is_no_json_is_refused(served: Endpoint, path: str) -> None:
    for body in (b"", b"{", b"\xff\xfe", b'{"product": NaN}', b"[" * 100_000):
        assert (await post(served, path, body)).status_code in {400, 422}
    async with served.client() as client:
        assert (await client.get(path)).status_code == 405
