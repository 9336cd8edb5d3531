"""Objects and properties: what belongs to another caller or product is as unknown as what never was."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import httpx
import msgspec
import pytest

from platform_assets.access.log_chain import Chain
from platform_assets.access.log_writer import AccessLog
from platform_assets.errors import AccessLogBlockedError
from platform_assets.serving.access import Asker
from platform_assets.serving.quick.desk import Desk
from tests.unit.serving.gate.conftest import CONSUMER, OTHER, Guarded
from tests.unit.serving.quick.conftest import Counter

pytestmark = pytest.mark.anyio

JOB = {"product": "parking_demand", "input_uri": "in.csv", "output_uri": "out.csv"}


def without_ids(answer: httpx.Response) -> str:
    """Return an answer without what differs from call to call."""
    return re.sub(r'"request_id":"[^"]*"', "", answer.text)


async def submitted(guarded: Guarded, actor: str, name: str = "out", key: str | None = None) -> httpx.Response:
    exchange = guarded.guard.settings.exchange_dir
    exchange.mkdir(exist_ok=True)
    (exchange / "in.csv").write_text("parking_bay_id,target_at\nBHMBCCMKT01,2016-12-19T12:30:00Z\n")
    async with guarded.client(actor) as client:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await client.post("/v1/batch_predict", json={**JOB, "output_uri": f"{name}.csv"}, headers=headers)


async def test_a_job_is_seen_and_cancelled_by_whose_it_is_and_by_operators(guarded: Guarded) -> None:
    answer = await submitted(guarded, OTHER)
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    assert "submitted_by" not in answer.json()
    async with guarded.client(CONSUMER) as stranger, guarded.client(OTHER) as owner:
        foreign = await stranger.get(f"/v1/jobs/{job_id}")
        never = await stranger.get("/v1/jobs/00000000-0000-4000-8000-000000000000")
        assert (foreign.status_code, never.status_code) == (404, 404)
        assert without_ids(foreign).replace(job_id, "") == without_ids(never).replace(
            "00000000-0000-4000-8000-000000000000", ""
        )
        assert (await stranger.post(f"/v1/jobs/{job_id}/cancel")).status_code == 404
        assert (await stranger.get("/v1/jobs")).json() == {"jobs": [], "total": 0}
        assert (await owner.get(f"/v1/jobs/{job_id}")).json()["status"] == "queued"
        assert (await owner.get("/v1/jobs")).json()["total"] == 1
    async with guarded.client("operator") as operator, guarded.client("engineer") as engineer:
        assert (await operator.get("/v1/jobs")).json()["total"] == 1
        assert (await engineer.get("/v1/jobs")).json()["total"] == 0
        assert (await operator.post(f"/v1/jobs/{job_id}/cancel")).json()["status"] == "cancelled"
    assert len([each for each in guarded.accesses() if not each.is_allowed]) == 2


async def test_an_idempotency_key_is_its_callers_own(guarded: Guarded) -> None:
    first = await submitted(guarded, OTHER, "one", "same")
    again = await submitted(guarded, OTHER, "one", "same")
    other = await submitted(guarded, "engineer", "two", "same")
    assert first.json()["job_id"] == again.json()["job_id"] != other.json()["job_id"]
    assert (first.status_code, other.status_code) == (202, 202)


async def test_a_job_of_a_product_or_an_action_that_is_not_granted_is_refused(guarded: Guarded) -> None:
    assert (await submitted(guarded, CONSUMER)).status_code == 403
    async with guarded.client(OTHER) as client:
        assert (await client.post("/v1/batch_predict", json={**JOB, "product": "churn"})).status_code == 403


@pytest.mark.parametrize("field", ["submitted_by", "job_id", "release_id", "status", "created_at", "model_version"])
async def test_no_property_that_the_platform_sets_can_be_sent(guarded: Guarded, field: str) -> None:
    async with guarded.client(OTHER) as client:
        answer = await client.post("/v1/batch_predict", json={**JOB, field: "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_request")


async def test_a_deployment_of_a_hidden_product_is_as_unknown_as_one_that_never_was(guarded: Guarded) -> None:
    async with guarded.client("operator") as operator:
        (found, *_) = (await operator.get("/v1/deployments")).json()["deployments"]
    async with guarded.client(CONSUMER) as client:
        for wanted in (found["deployment_id"], "churn-0123456789abcdef-77", "no-id", "../../etc/passwd"):
            assert (await client.get(f"/v1/deployments/{wanted}")).status_code == 404, wanted
        assert (await client.get("/v1/deployments")).status_code == 403


async def test_a_product_that_is_not_granted_is_told_like_one_that_does_not_exist(guarded: Guarded) -> None:
    bodies: list[Callable[[str], tuple[str, object]]] = [
        lambda product: ("/v1/predict", {"product": product, "entities": ["1"]}),
        lambda product: ("/v1/predict", {"product": product, "rows": [{"unknown": 1}]}),
        lambda product: (f"/v1/predict?model={product}", {"entities": ["1"]}),
        lambda product: ("/predict", {"model": product, "features": [1.0], "schema_id": "x"}),
        lambda product: ("/predict/feast", {"model": product, "entity_id": "1"}),
        lambda product: ("/predict/feast/batch", {"model": product, "entities": ["1"]}),
        lambda product: (f"/v2/models/{product}/infer", {"inputs": []}),
    ]
    async with guarded.client(CONSUMER) as client:
        for body in bodies:
            hidden, never = [
                await client.post(path, json=content) for path, content in map(body, ("parking_demand", "unheard_of"))
            ]
            assert (hidden.status_code, never.status_code) == (403, 403), body("x")
            assert without_ids(hidden).replace("parking_demand", "X") == without_ids(never).replace("unheard_of", "X")
        for path in ("/v1/products/{}", "/v1/predictions/{}", "/v2/models/{}", "/v1/products/{}/published"):
            assert (await client.get(path.format("parking_demand"))).status_code == 403
            assert (await client.get(path.format("unheard_of"))).status_code == 403


async def test_listings_and_descriptions_hold_only_the_products_of_the_caller(guarded: Guarded) -> None:
    async with guarded.client(CONSUMER) as client, guarded.client("engineer") as engineer, guarded.client() as nobody:
        assert [each["product"] for each in (await client.get("/v1/products")).json()["products"]] == ["churn"]
        assert len((await engineer.get("/v1/products")).json()["products"]) == 2
        own, every = (await client.get("/openapi.json")).text, (await engineer.get("/openapi.json")).text
        page = (await nobody.get("/docs")).text
    assert ("parking_bay_id" in own, "parking_bay_id" in every, "customer_id" in own) == (False, True, True)
    assert "parking_bay_id" not in page
    assert "customer_id" not in page


async def test_only_who_may_choose_a_release_gets_the_one_that_it_asks_for(guarded: Guarded) -> None:
    control, chosen = guarded.guard.control, guarded.endpoint.parts.heart.asked_for("churn", "choose_release")
    may = {}
    for actor in (CONSUMER, "engineer", "operator"):
        caller = control.recognise(guarded.headers(actor)["Authorization"].encode(), b"")
        may[actor] = Asker(control, caller, "r").may(chosen)
    assert may == {CONSUMER: False, "engineer": True, "operator": False}


async def test_the_quick_way_answers_and_logs_whom_the_policy_allows_and_nobody_else(guarded: Guarded) -> None:
    engineer = guarded.guard.control.recognise(guarded.headers("engineer")["Authorization"].encode(), b"")
    counter = await Counter.opened(guarded.endpoint, "churn", engineer)
    body = msgspec.json.encode(counter.body("churn", counter.row("churn", 1.0)))
    for actor in (CONSUMER, OTHER, "operator", None):
        proof = (guarded.headers(actor)["Authorization"].encode(), b"") if actor else (b"", b"")
        counter.write(body, request_id=f"of-{actor}", proof=proof)
    counter.desk.answer_some()
    assert len(counter.outbox.answers) == 1
    assert [letter.request_id for letter in counter.outbox.long_way] == [f"of-{OTHER}", "of-operator", "of-None"]
    logged = [each for each in guarded.accesses() if each.request_id.startswith("of-")]
    assert [(each.subject, each.is_allowed, each.request_id) for each in logged] == [(CONSUMER, True, f"of-{CONSUMER}")]


async def test_nothing_is_allowed_that_could_not_be_accounted_for(guarded: Guarded) -> None:
    class Stuck(Chain):
        def append(self, *_: object, **__: object) -> None:  # type: ignore[override] # it never returns one
            raise OSError(28, "No space left on device")

    guarded.guard.control.log = log = AccessLog(Stuck(guarded.guard.files, "stuck"), most_waiting=4, kept_for_denials=2)
    async with guarded.client(CONSUMER) as client:
        asked = [await client.post("/v1/predict", json={"product": "churn", "entities": ["1"]}) for _ in range(3)]
        assert [each.status_code for each in asked] == [200, 200, 503]
        assert (asked[2].json()["code"], asked[2].json()["retryable"]) == (AccessLogBlockedError.code, True)
        assert (await client.get("/v1/products/parking_demand")).status_code == 403
    counter = Counter(guarded.endpoint, Desk(guarded.endpoint.parts.heart))
    proof = (guarded.headers(CONSUMER)["Authorization"].encode(), b"")
    counter.write(msgspec.json.encode(counter.body("churn", counter.row("churn", 1.0))), proof=proof)
    counter.desk.answer_some()
    assert len(counter.outbox.long_way) == 1
    await asyncio.to_thread(log.close, 5.0)


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"Origin": "http://127.0.0.1:8000"}, False),
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin", "Host": "localhost:8000"}, False),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://127.0.0.1.evil.example"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Host": "evil.example:8000"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Host": "127.0.0.1:8000"}, True),
    ],
)
async def test_without_access_control_no_page_of_another_site_can_make_a_browser_call(
    guarded: Guarded, headers: dict[str, str], is_refused: object
) -> None:
    from platform_assets.serving.access import OPEN_ACCESS  # noqa: PLC0415 - this test alone turns it off

    parts = guarded.endpoint.parts
    guarded.endpoint.parts = replace(parts, heart=replace(parts.heart, access=OPEN_ACCESS))
    async with guarded.endpoint.client() as client:
        answer = await client.post("/v1/predict", json={"product": "churn", "entities": ["1"]}, headers=headers)
    assert (answer.status_code == 403) == is_refused
