"""GET /v1/predictions/{product}: what was published last, how old it is, and what is not there."""

import datetime as dt
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from platform_assets.clock import BusinessClock
from platform_assets.contract.compile import compile_product
from platform_assets.contract.datasets import DATASETS
from tests.unit.serving.conftest import AS_OF, WALL, ClosedAccess, Endpoint, product_named
from tests.unit.serving.test_heart import BATCH

pytestmark = pytest.mark.anyio

PATH = "/v1/predictions/churn"
REPLAY_AGE_S = (DATASETS[product_named("churn").dataset].replay_now - BATCH.as_of).total_seconds()
Query = list[tuple[str, str | int | float | bool | None]]


@pytest.fixture
async def served(endpoint: Endpoint) -> Endpoint:
    for product in ("churn", "parking_demand"):
        endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    endpoint.batches.rows = {"13085": BATCH, "13086": BATCH._replace(score=0.9), "bay-1": BATCH}
    return endpoint


async def get(endpoint: Endpoint, query: Query, *, path: str = PATH) -> httpx.Response:
    async with endpoint.client() as client:
        return await client.get(path, params=httpx.QueryParams(query))


async def ask(endpoint: Endpoint, query: Query, *, path: str = PATH) -> dict[str, Any]:
    response = await get(endpoint, query, path=path)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def of(*entities: str) -> Query:
    return [("entity_id", entity) for entity in entities]


async def test_each_entity_gets_its_last_published_score_with_age_and_standing(served: Endpoint) -> None:
    answer = await ask(served, of("13085", "13086"))
    first, second = answer["predictions"]
    assert (first["entity_id"], first["row_keys"]) == ("13085", {"customer_id": "13085"})
    assert (first["score"], first["uncertainty"], first["model_version"]) == (0.31, 0.02, 7)
    assert dt.datetime.fromisoformat(first["as_of"]) == BATCH.as_of
    limit_s = product_named("churn").batch.freshness.max_age_hours * 3600.0
    assert (first["age_seconds"], first["max_age_seconds"]) == (REPLAY_AGE_S, limit_s)
    assert (first["is_stale"], first["action_allowed"]) == (False, True)
    assert first["label"] != second["label"]
    assert (answer["product"], answer["source"], answer["missing"]) == ("churn", "online_store", [])


async def test_nothing_is_scored_or_logged(served: Endpoint) -> None:
    await ask(served, of("13085"))
    assert served.log.entries == []
    assert served.features.reads == 0


async def test_an_entity_without_a_prediction_is_listed_as_missing(served: Endpoint) -> None:
    answer = await ask(served, of("unseen", "13085"))
    assert answer["missing"] == [{"customer_id": "unseen"}]
    assert [row["entity_id"] for row in answer["predictions"]] == ["13085"]


async def test_a_batch_beyond_its_freshness_is_shown_and_not_to_be_acted_on(served: Endpoint) -> None:
    served.batches.rows = {"13085": BATCH._replace(as_of=AS_OF - dt.timedelta(days=9))}
    (row,) = (await ask(served, of("13085")))["predictions"]
    assert (row["is_stale"], row["action_allowed"], row["score"]) == (True, False, 0.31)


async def test_a_batch_from_after_the_present_belongs_to_a_wrong_clock_and_is_not_to_be_acted_on(
    served: Endpoint,
) -> None:
    served.batches.rows = {"13085": BATCH._replace(as_of=AS_OF + dt.timedelta(days=9))}
    (row,) = (await ask(served, of("13085")))["predictions"]
    assert (row["is_stale"], row["action_allowed"]) == (True, False)


async def test_the_age_is_measured_at_the_present_when_the_platform_is_live(served: Endpoint) -> None:
    served.parts = replace(served.parts, heart=replace(served.parts.heart, clock=BusinessClock("live")))
    answer = await ask(served, of("13085"))
    assert dt.datetime.fromisoformat(answer["event_at"]) == WALL
    assert answer["predictions"][0]["age_seconds"] == (WALL - BATCH.as_of).total_seconds()


async def test_an_answer_from_the_endpoints_own_copy_says_so(served: Endpoint) -> None:
    served.batches.place = "endpoint_copy"
    assert (await ask(served, of("13085")))["source"] == "endpoint_copy"


async def test_other_row_keys_are_given_once_for_all_or_once_for_each(served: Endpoint) -> None:
    path, noon = "/v1/predictions/parking_demand", ("target_at", "2011-12-09T12:00:00Z")
    once = await ask(served, [*of("bay-1", "bay-2"), noon], path=path)
    each = await ask(served, [*of("bay-1", "bay-2"), noon, ("target_at", "2011-12-09T12:30:00Z")], path=path)
    expected = {"parking_bay_id": "bay-1", "target_at": "2011-12-09T12:00:00+00:00"}
    assert once["predictions"][0]["row_keys"] == each["predictions"][0]["row_keys"] == expected
    assert once["missing"][0]["target_at"] == "2011-12-09T12:00:00+00:00"
    assert each["missing"][0]["target_at"] == "2011-12-09T12:30:00+00:00"


async def test_the_row_key_may_be_called_by_its_own_name(served: Endpoint) -> None:
    assert (await ask(served, [("customer_id", "13085")]))["predictions"][0]["score"] == 0.31


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ([], "?entity_id: given 0 times; 1 to 100"),
        (of(*map(str, range(101))), "?entity_id: given 101 times"),
        (of(""), "?customer_id: expected text that is not empty"),
        (of("x" * 201), "at most 200 characters"),
        (of("13085\0"), "no zero byte"),
        ([*of("1"), ("customer_id", "1")], "give either entity_id or customer_id"),
        ([*of("1"), ("colour", "red")], "?colour: unknown parameter; known: entity_id, customer_id"),
        ([("x" * 5000, "1")], "unknown parameter"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused_by_parameter(served: Endpoint, query: Query, problem: str) -> None:
    response = await get(served, query)
    assert (response.status_code, response.json()["code"]) == (422, "malformed_request")
    assert problem in response.json()["detail"]


@pytest.mark.parametrize(
    ("targets", "problem"),
    [
        ([], "?target_at: given 0 times"),
        (["2011-12-09"] * 3, "?target_at: given 3 times; give it once, or 2 times"),
        (["noon"], "?target_at: expected an ISO 8601 instant"),
        (["0001-01-01T00:00:00+14:00"], "?target_at"),
    ],
)
async def test_an_instant_among_the_row_keys_that_does_not_fit_is_refused(
    served: Endpoint, targets: list[str], problem: str
) -> None:
    query = [*of("a", "b"), *(("target_at", target) for target in targets)]
    response = await get(served, query, path="/v1/predictions/parking_demand")
    assert response.status_code == 422
    assert problem in response.json()["detail"]


async def test_a_query_that_is_no_text_is_refused_or_answered_and_never_an_error_of_ours(served: Endpoint) -> None:
    async with served.client() as client:
        for raw in ("entity_id=%ff%fe", "entity_id", "=", "&&&", "entity_id=%00", "%f0%28=1", "entity_id=a;b"):
            assert (await client.get(f"{PATH}?{raw}")).status_code in {200, 422}, raw


async def test_a_batch_only_product_is_told_where_its_table_is(served: Endpoint) -> None:
    product = msgspec.structs.replace(product_named("churn"), online=None)
    served.publisher.publish("churn", model_version=2, files={"product.json": compile_product(product)})
    await served.parts.refresh()
    response = await get(served, of("13085"))
    assert (response.status_code, response.json()["code"]) == (404, "batch_only")
    assert "lake/published/churn.parquet" in response.json()["detail"]


async def test_an_unknown_product_is_not_found_and_a_failed_one_may_be_tried_again(served: Endpoint) -> None:
    served.publisher.publish("cancellation_risk", files={"model.txt": b"no model"})
    await served.parts.refresh()
    unknown = await get(served, of("1"), path="/v1/predictions/nothing")
    failed = await get(served, of("1"), path="/v1/predictions/cancellation_risk")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_product")
    assert (failed.status_code, failed.json()["retryable"]) == (503, True)


async def test_who_may_not_ask_for_predictions_may_not_read_the_published_ones_either(served: Endpoint) -> None:
    served.parts = replace(served.parts, heart=replace(served.parts.heart, access=ClosedAccess()))
    response = await get(served, of("13085"))
    assert (response.status_code, response.json()["code"]) == (403, "access_denied")
    assert "0.31" not in response.text
