"""Whatever a caller sends ends in an answer or in a problem of the 4xx kind, never in a 5xx."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.errors import BundleError
from platform_assets.serving.asgi import build_app
from platform_assets.serving.limits import MAX_BODY_BYTES
from tests.unit.serving.conftest import Endpoint, Publisher, make_endpoint
from tests.unit.serving.test_heart import ORDER

pytestmark = pytest.mark.anyio

PRODUCTS = ("churn", "cancellation_risk", "parking_demand")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    endpoint = make_endpoint(tmp_path_factory.mktemp("served"))
    for product in PRODUCTS:
        endpoint.publisher.publish(product)
    asyncio.run(endpoint.parts.refresh())
    endpoint.features.rows = {"13085": 4.0, "BHMBCCMKT01": 0.5}
    return endpoint


@pytest.fixture
async def client(served: Endpoint) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as client:
        yield client


def assert_problem(response: httpx.Response, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:platform:problem:{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    return str(problem["detail"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"product": "churn", "entities": ["13085"], "colour": 1}, "colour"),
        ({"product": "churn", "entities": [13085]}, "$.entities[0]"),
        ({"product": "churn", "entities": ["x" * 201]}, "$.entities[0]"),
        ({"product": "churn", "entities": ["13085", " "]}, "$.entities[1]"),
        ({"product": "churn", "entities": []}, "0 rows"),
        ({"product": "churn", "entities": ["13085"] * 1001}, "1001 rows"),
        ({"product": "churn"}, "exactly one"),
        ({"product": "churn", "entities": ["1"], "rows": [{"customer_id": "1"}]}, "exactly one"),
        ({"entities": ["1"]}, "name the product"),
        ({"product": "churn", "model": "churn", "entities": ["1"]}, "name the product"),
        ({"product": "churn", "rows": [{"customer_id": "1", "age": 3}]}, "$.rows[0].age"),
        ({"product": "churn", "rows": [{"customer_id": "1"}, {}]}, "$.rows[1].customer_id"),
        ({"product": "churn", "rows": [{"customer_id": ["1"]}]}, "$.rows[0]"),
        ({"product": "churn", "rows": [{"customer_id": "1", "order_count": "many"}]}, "$.rows[0].order_count"),
        ({"product": "churn", "rows": [{"customer_id": "1", "order_count": True}]}, "$.rows[0].order_count"),
        ({"product": "churn", "rows": [{"customer_id": "1", "last_order_at": "soon"}]}, "$.rows[0].last_order_at"),
        ({"product": "churn", "rows": [{"customer_id": "1", "order_count": 2**60}]}, "$.rows[0].order_count"),
        ({"product": "churn", "entities": ["1"], "event_at": "yesterday"}, "$.event_at"),
        ({"product": "churn", "entities": ["1"], "event_at": "0001-01-01T00:00:00+14:00"}, "$.event_at"),
        ({"product": "churn", "entities": ["1"], "event_at": "9999-01-01"}, "$.event_at"),
        ({"product": "cancellation_risk", "entities": ["1"]}, "needs rows with order_id, customer_id"),
        ({"model": "cancellation_risk", "features": {**ORDER, "order_gbp": "505"}}, "$.features.order_gbp"),
        ({"model": "cancellation_risk", "features": {**ORDER, "order_gbp": -1}}, "at least 0"),
        ({"model": "cancellation_risk", "features": {**ORDER, "line_count": 1.5}}, "a whole number"),
        ({"model": "cancellation_risk", "features": {**ORDER, "country": None}}, "$.features.country"),
        ({"product": "parking_demand", "rows": [{"parking_bay_id": "a", "target_at": 5}]}, "$.rows[0].target_at"),
        ([], "Expected `object`"),
    ],
)
async def test_a_wrong_value_is_refused_with_its_path(
    client: httpx.AsyncClient, body: dict[str, object], path: str
) -> None:
    detail = assert_problem(await client.post("/v1/predict", json=body), 422, "malformed_request")
    assert path in detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nul",
        b"\xff\xfe",
        b'{"product": NaN}',
        b'{"a": "\xc3"}',
        rb'{"product": "\ud800"}',
        b"[" * 100_000,
        b'{"product":' * 999,
    ],
)
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/v1/predict", content=body)
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("field", ["order_id", "order_gbp", "country", "order_count", "last_order_at"])
async def test_an_integer_of_five_thousand_digits_is_refused(client: httpx.AsyncClient, field: str) -> None:
    row = json.dumps({**ORDER, field: 0}).replace(f'"{field}": 0', f'"{field}": {"9" * 5000}')
    body = f'{{"product": "cancellation_risk", "rows": [{row}]}}'
    response = await client.post("/v1/predict", content=body.encode())
    assert_problem(response, 422, "malformed_request")


async def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client: httpx.AsyncClient) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield b" " * 65_536

    assert_problem(await client.post("/v1/predict", content=endless()), 413, "body_too_large")
    assert taken <= MAX_BODY_BYTES + 2 * 65_536


async def test_unknown_products_routes_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    body = {"product": "clv", "entities": ["1"]}
    assert "known: cancellation_risk, churn" in assert_problem(
        await client.post("/v1/predict", json=body), 404, "unknown_product"
    )
    assert_problem(await client.get("/v1/products/nothing"), 404, "unknown_product")
    assert_problem(await client.get("/nowhere"), 404, "unknown_route")
    response = await client.get("/v1/predict")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_a_plain_request_id_is_echoed_and_a_strange_one_is_replaced(client: httpx.AsyncClient) -> None:
    body = {"product": "churn", "entities": ["13085"]}
    kept = await client.post("/v1/predict", json=body, headers={"X-Request-Id": "order-17"})
    replaced = await client.post("/v1/predict", json=body, headers={"X-Request-Id": "a b\tc"})
    assert kept.headers["x-request-id"] == kept.json()["request_id"] == "order-17"
    assert replaced.headers["x-request-id"] not in {"", "a b\tc"}


async def test_a_bug_of_ours_is_a_500_that_tells_no_secret(served: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("secret")  # noqa: EM101 - the text is what must not leak

    monkeypatch.setattr("platform_assets.serving.heart.read_request", broken)
    async with served.client(raise_app_exceptions=False) as client:
        response = await client.post("/v1/predict", json={"product": 1})
    detail = assert_problem(response, 500, "internal_error")
    assert "secret" not in detail


async def test_a_reload_from_another_machine_is_refused(served: Endpoint) -> None:
    async with served.client(client=("10.0.0.7", 1234)) as client:
        assert_problem(await client.post("/v1/products/churn/reload"), 403, "loopback_only")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
names = st.sampled_from(["product", "entities", "rows", "features", "model", "event_at", "customer_id"]) | st.text(
    max_size=5
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)
fields = st.sampled_from([*ORDER, "parking_bay_id", "target_at", "order_count", "last_order_at", "colour"])
products = st.sampled_from([*PRODUCTS, "clv", ""])
near_misses = st.fixed_dictionaries(
    {"product": products},
    optional={
        "rows": st.lists(
            st.dictionaries(fields, scalars | st.sampled_from(list(ORDER.values())), max_size=12), max_size=3
        ),
        "entities": st.lists(st.text(max_size=6) | scalars, max_size=3),
        "event_at": st.text(max_size=12) | st.datetimes().map(str),
    },
)
SLOW = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(body=anything | near_misses)
def test_no_json_body_ends_in_a_server_error(served: Endpoint, body: object) -> None:
    assert asyncio.run(status_of(served, json.dumps(body).encode())) in {200, 400, 404, 422}


@SLOW
@given(body=st.binary(max_size=60))
def test_no_bytes_end_in_a_server_error(served: Endpoint, body: bytes) -> None:
    assert asyncio.run(status_of(served, body)) in {400, 404, 422}


async def status_of(served: Endpoint, body: bytes) -> int:
    async with served.client() as client:
        response = await client.post("/v1/predict", content=body)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


async def test_a_product_whose_only_release_fails_says_that_it_may_be_tried_again(publisher: Publisher) -> None:
    release = publisher.publish("churn")
    (publisher.home / release.bundle_path / "model.txt").write_bytes(b"tree")
    endpoint = make_endpoint(publisher.home)
    await endpoint.parts.refresh()
    async with endpoint.client() as client:
        response = await client.post("/v1/predict", json={"product": "churn", "entities": ["1"]})
    assert_problem(response, 503, "no_release")
    assert response.json()["retryable"]
    assert response.headers["retry-after"] == "1"
    assert isinstance(endpoint.parts.releases.states["churn"].error, BundleError)


async def test_a_path_with_a_slash_at_its_end_is_no_route_and_no_redirect(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/v1/predict/", json={}), 404, "unknown_route")


async def test_a_body_that_breaks_off_is_not_answered_as_if_it_were_whole(served: Endpoint) -> None:
    sent: list[MutableMapping[str, Any]] = []
    messages: Iterator[MutableMapping[str, Any]] = iter(
        [
            {"type": "http.request", "body": b'{"product": "churn", "entities": ["13085"]}', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> MutableMapping[str, Any]:
        return next(messages)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": [], "query_string": b""}
    before = len(served.log.entries)
    await build_app(served.parts)(scope, receive, send)
    assert (sent[0]["status"], len(served.log.entries)) == (400, before)
