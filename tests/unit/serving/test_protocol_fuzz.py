"""Whatever a caller sends to one of the other protocols ends in an answer or in a problem of the 4xx kind."""

import asyncio
import json
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.serving.conftest import Endpoint, make_endpoint
from tests.unit.serving.test_heart import BATCH, ORDER

PRODUCTS = ("churn", "cancellation_risk", "parking_demand")
ALIASES = ("/predict", "/predict/feast", "/predict/feast/batch")
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DOCUMENTED = {200, 400, 404, 422}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    endpoint = make_endpoint(tmp_path_factory.mktemp("served"))
    for product in PRODUCTS:
        endpoint.publisher.publish(product)
    asyncio.run(endpoint.parts.refresh())
    endpoint.features.rows = {"13085": 4.0, "BHMBCCMKT01": 0.5}
    endpoint.batches.rows = {"13085": BATCH}
    return endpoint


async def send(
    endpoint: Endpoint, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    async with endpoint.client() as client:
        return await client.request(method, path, content=content, headers=headers)


def assert_documented(response: httpx.Response) -> None:
    assert response.status_code in DOCUMENTED, response.text
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
names = st.sampled_from([*ORDER, "parking_bay_id", "target_at", "order_count", "last_order_at", "colour"])
elements = scalars | st.sampled_from(list(ORDER.values()))
tensors = st.fixed_dictionaries(
    {
        "name": names,
        "shape": st.lists(st.integers(-1, 4) | st.sampled_from([2**63, 10**30]), max_size=3) | st.just([1]),
        "datatype": st.sampled_from(["BYTES", "FP64", "INT64", "BOOL", "FP32", ""]),
    },
    optional={
        "data": st.lists(elements, max_size=3) | st.lists(st.lists(elements, max_size=2), max_size=3) | anything,
        "parameters": st.none() | st.fixed_dictionaries({"binary_data_size": st.integers(-1, 40)}) | anything,
    },
)
requests = st.fixed_dictionaries(
    {"inputs": st.lists(tensors, max_size=4)},
    optional={
        "id": scalars,
        "outputs": st.lists(st.fixed_dictionaries({"name": st.sampled_from(["score", "label", "x"])}), max_size=3),
        "parameters": st.dictionaries(st.sampled_from(["event_at", "binary_data_output", "x"]), anything, max_size=3),
    },
)


@SLOW
@given(product=st.sampled_from([*PRODUCTS, "clv"]), body=requests | anything, tail=st.binary(max_size=60))
def test_no_tensors_end_in_a_server_error(served: Endpoint, product: str, body: object, tail: bytes) -> None:
    header = json.dumps(body).encode()
    length = {"Inference-Header-Content-Length": str(len(header))} if tail else None
    response = asyncio.run(send(served, "POST", f"/v2/models/{product}/infer", header + tail, length))
    assert_documented(response)
    assert response.status_code == 200 or response.json()["error"]


bodies = st.fixed_dictionaries(
    {},
    optional={
        "product": st.sampled_from([*PRODUCTS, ""]),
        "model": st.sampled_from(PRODUCTS),
        "features": st.dictionaries(names, elements, max_size=3) | st.lists(elements, max_size=3) | anything,
        "schema_id": scalars,
        "entity_id": scalars,
        "entities": st.lists(st.text(max_size=4) | st.dictionaries(names, elements, max_size=3) | scalars, max_size=3)
        | st.dictionaries(names, st.lists(elements, max_size=3), max_size=3)
        | anything,
        "event_at": scalars,
    },
)


@SLOW
@given(path=st.sampled_from(ALIASES), body=bodies | anything)
def test_no_body_of_an_alias_ends_in_a_server_error(served: Endpoint, path: str, body: object) -> None:
    response = asyncio.run(send(served, "POST", path, json.dumps(body).encode()))
    assert_documented(response)
    assert response.headers["deprecation"]


@SLOW
@given(path=st.sampled_from([*ALIASES, "/v2/models/churn/infer"]), body=st.binary(max_size=60))
def test_no_bytes_end_in_a_server_error(served: Endpoint, path: str, body: bytes) -> None:
    assert_documented(asyncio.run(send(served, "POST", path, body)))


parameters = st.sampled_from(["entity_id", "customer_id", "parking_bay_id", "target_at", "colour", ""])
values = st.text(max_size=12) | st.sampled_from(["13085", "2011-12-09T12:00:00Z", "\0", "9" * 300])


@SLOW
@given(product=st.sampled_from([*PRODUCTS, "clv"]), query=st.lists(st.tuples(parameters, values), max_size=4))
def test_no_query_ends_in_a_server_error(served: Endpoint, product: str, query: list[tuple[str, str]]) -> None:
    text = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query)
    assert_documented(asyncio.run(send(served, "GET", f"/v1/predictions/{product}?{text}")))


@SLOW
@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=st.text(max_size=30))
def test_no_path_under_v2_ends_in_a_server_error(served: Endpoint, method: str, path: str) -> None:
    response = asyncio.run(send(served, method, f"/v2/{quote(path, errors='replace')}"))
    assert response.status_code in {*DOCUMENTED, 307, 405}


@pytest.mark.parametrize(
    "path", ["/v2/nothing", "/v2/models/churn/versions/9/infer", *ALIASES, "/v1/predictions/churn"]
)
def test_a_strange_host_is_no_server_error(served: Endpoint, path: str) -> None:
    response = asyncio.run(send(served, "POST", path, b"{}", {"Host": "["}))
    assert response.status_code in {404, 405, 422}
