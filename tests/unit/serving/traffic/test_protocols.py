"""Every protocol takes part in a split: the same customer meets the same release whichever way the call comes."""

import pytest

from tests.unit.serving.conftest import Endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, Rolling, begin_rollout, plan_of

pytestmark = pytest.mark.anyio

CUSTOMERS = [f"{number}" for number in range(40)]


@pytest.fixture
async def half(endpoint: Endpoint) -> Rolling:
    return await begin_rollout(endpoint, 0.5)


def tensors(*customers: str) -> dict[str, object]:
    one = {"name": "customer_id", "shape": [len(customers)], "datatype": "BYTES", "data": list(customers)}
    return {"inputs": [one], "outputs": [{"name": "score"}]}


async def test_one_customer_meets_one_release_over_every_route(half: Rolling) -> None:
    met = set()
    async with half.endpoint.client() as client:
        for customer in CUSTOMERS:
            plain = await client.post("/v1/predict", json={"product": "churn", "entities": [customer]})
            alias = await client.post("/predict/feast", json={"product": "churn", "entity_id": customer})
            infer = await client.post("/v2/models/churn/infer", json=tensors(customer))
            scores = {
                plain.json()["predictions"][0]["score"],
                alias.json()["predictions"][0]["score"],
                infer.json()["outputs"][0]["data"][0],
            }
            assert len(scores) == 1
            met |= scores
    assert met == {OLD_SCORE, NEW_SCORE}


async def test_a_tensor_answer_names_the_version_that_gave_it(half: Rolling) -> None:
    versions = {OLD_SCORE: "1", NEW_SCORE: "2"}
    async with half.endpoint.client() as client:
        for customer in CUSTOMERS:
            told = (await client.post("/v2/models/churn/infer", json=tensors(customer))).json()
            assert told["model_version"] == versions[told["outputs"][0]["data"][0]]


async def test_a_version_in_the_address_is_answered_by_that_version_alone(half: Rolling) -> None:
    async with half.endpoint.client() as client:
        told = (await client.post("/v2/models/churn/versions/1/infer", json=tensors(*CUSTOMERS))).json()
    assert set(told["outputs"][0]["data"]) == {OLD_SCORE}


async def test_the_user_of_a_header_decides_where_the_plan_says_so(endpoint: Endpoint) -> None:
    await begin_rollout(endpoint, plan=plan_of(0.5, unit="user"))
    met = set()
    async with endpoint.client() as client:
        for user in CUSTOMERS:
            headers, body = {"X-User-Id": user}, {"product": "churn", "entities": CUSTOMERS}
            told = (await client.post("/v1/predict", json=body, headers=headers)).json()
            (release,) = {each["release_id"] for each in told["predictions"]}
            assert release == told["release_id"]
            met.add(release)
    assert len(met) == 2
    units = {entry.unit for entry in endpoint.log.entries}
    assert len(units) == len(CUSTOMERS)
    assert units.isdisjoint({*CUSTOMERS, None})
