"""The deploy API over HTTP: what begins, what is refused, and what a repeat gets."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from platform_assets.access.caller import Caller
from platform_assets.access.identity import Identity
from platform_assets.errors import PromotionHeldError, VersionRefusedError
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.promotion_hold import PromotionHold, write_holds
from platform_assets.inference.refusals import refuse_version
from platform_assets.serving.access import OpenAccess
from platform_assets.serving.deployments.operations import operations
from tests.unit.serving.conftest import ClosedAccess, Endpoint, make_endpoint

pytestmark = pytest.mark.anyio
DEPLOY = "/v1/models/churn/deploy"


@pytest.fixture
async def two(tmp_path: Path) -> Endpoint:
    """Give an endpoint with two approved versions of a product, the first in force."""
    endpoint = make_endpoint(tmp_path)
    first = endpoint.publisher.publish("churn", model_version=1, constant=0.25)
    endpoint.publisher.publish("churn", model_version=2, constant=0.75)
    endpoint.publisher.point_at("churn", first.release_id)
    await endpoint.parts.refresh()
    return endpoint


def pointer(endpoint: Endpoint) -> LivePointer:
    live = read_live(endpoint.publisher.releases_dir, "churn")
    assert live is not None
    return live


async def post(endpoint: Endpoint, key: str | None = None, **body: object) -> httpx.Response:
    async with endpoint.client() as client:
        return await client.post(DEPLOY, json=body, headers={"Idempotency-Key": key} if key else {})


async def get(endpoint: Endpoint, path: str) -> dict[str, Any]:
    async with endpoint.client() as client:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_the_documented_request_begins_a_rollout_and_gets_the_documented_answer(two: Endpoint) -> None:
    response = await post(two, version="2.0.0", replicas=1, instance_type="local", traffic_percentage=5)
    told, rollout = response.json(), pointer(two).rollout
    assert (response.status_code, told["status"]) == (200, "healthy")
    assert told["endpoint"].endswith("/v1/predict?model=churn")
    assert rollout is not None
    assert (told["deployment_id"], rollout.share) == (rollout.rollout_id, 0.05)
    assert (told["share"], told["step"], told["ledger"]) == (0.05, "canary", "mirrored_later")
    assert await get(two, response.headers["Location"]) == told
    assert (await get(two, "/v1/deployments?limit=1"))["deployments"] == [told]


async def test_without_traffic_the_plan_of_the_product_is_followed(two: Endpoint) -> None:
    told = (await post(two, version=2)).json()
    assert (told["step"], told["share"], len(told["steps"])) == ("shadow", 0.0, 5)


async def test_all_of_the_traffic_at_once_is_in_force_and_answers(two: Endpoint) -> None:
    told = (await post(two, version=2, traffic="instant")).json()
    assert (told["phase"], told["share"], pointer(two).rollout) == ("in_force", 1.0, None)
    assert [one.release_id for one in pointer(two).kept] != []
    async with two.client() as client:
        answer = await client.post("/v1/predict", json={"product": "churn", "entities": ["1"]})
    assert answer.json()["predictions"][0]["model_version"] == 2


async def test_the_move_is_kept_with_who_asked_for_what(two: Endpoint) -> None:
    await post(two, "one", version=2, traffic=0.2, reason="a try")
    live = pointer(two)
    (move,) = read_moves(two.publisher.releases_dir, "churn", after=live.sequence - 1, up_to=live.sequence)
    assert (move.cause.kind, move.cause.by, move.cause.reason) == ("rollout_begun", "local", "a try")
    assert move.cause.evidence["asked"]["traffic"] == 0.2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 3}, 404, "unknown_version"),
        ({"version": 1}, 409, "already_in_force"),
        ({"version": 2, "replicas": 3}, 409, "deployment_refused"),
        ({"version": 2, "instance_type": "gpu.t4.large"}, 409, "deployment_refused"),
        ({}, 422, "malformed_request"),
        ({"version": 0}, 422, "malformed_request"),
        ({"version": "2.1.0"}, 422, "malformed_request"),
        ({"version": "two"}, 422, "malformed_request"),
        ({"version": 2, "traffic": 1.5}, 422, "malformed_request"),
        ({"version": 2, "traffic": "yolo"}, 422, "malformed_request"),
        ({"version": 2, "traffic_percentage": 101}, 422, "malformed_request"),
        ({"version": 2, "traffic": 0.1, "traffic_percentage": 10}, 422, "malformed_request"),
        ({"version": 2, "surprise": 1}, 422, "malformed_request"),
        ({"version": 2, "reason": "no ledger on PostgreSQL keeps a \0"}, 422, "malformed_request"),
    ],
)
async def test_every_refusal_is_a_problem_and_moves_nothing(
    two: Endpoint, body: dict[str, object], status: int, code: str
) -> None:
    before = pointer(two)
    refused = await post(two, None, **body)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert pointer(two) == before


async def test_replicas_that_are_not_there_are_refused_with_what_gives_them(two: Endpoint) -> None:
    detail = (await post(two, version=2, replicas=3)).json()["detail"]
    assert "--workers 3" in detail
    assert "platform_assets.serving.gateway" in detail


async def test_a_version_that_is_trained_and_not_approved_is_refused(two: Endpoint) -> None:
    (two.publisher.home / "bundles/churn/3").mkdir()
    refused = await post(two, version=3)
    assert (refused.status_code, refused.json()["code"]) == (409, "deployment_refused")
    assert "not approved" in refused.json()["detail"]


async def test_a_product_whose_promotions_are_held_gets_no_new_version_and_the_description_says_so(
    two: Endpoint,
) -> None:
    since, before = pointer(two).moved_at, pointer(two)
    hold = PromotionHold(incident_id=7, told="severe incident: data_age is broken", owner="crm", since=since)
    write_holds(two.publisher.releases_dir, "churn", [hold], fsync=False)
    refused = await post(two, version=2)
    assert (refused.status_code, refused.json()["code"]) == (PromotionHeldError.status, "promotion_held")
    assert "incident 7, owner crm" in refused.json()["detail"]
    assert pointer(two) == before
    assert PromotionHeldError in operations()[0].errors
    write_holds(two.publisher.releases_dir, "churn", [], fsync=False)
    assert (await post(two, version=2)).status_code == 200


async def test_a_version_that_was_rejected_gets_no_traffic_and_the_description_says_so(two: Endpoint) -> None:
    refuse_version(two.publisher.releases_dir, "churn", 2, fsync=False)
    before = pointer(two)
    refused = await post(two, version=2)
    assert (refused.status_code, refused.json()["code"], pointer(two)) == (409, "version_refused", before)
    assert VersionRefusedError in operations()[0].errors


async def test_a_version_that_cannot_be_loaded_gets_no_traffic(two: Endpoint) -> None:
    model = two.publisher.home / "bundles/churn/2/model.txt"
    model.write_bytes(model.read_bytes() + b"\n")
    before = pointer(two)
    refused = await post(two, version=2)
    assert (refused.status_code, refused.json()["code"], pointer(two)) == (409, "deployment_refused", before)


async def test_a_second_deployment_waits_for_the_end_of_the_first(two: Endpoint) -> None:
    await post(two, version=2)
    refused = await post(two, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "rollout_state")


async def test_an_unheard_of_product_is_unknown(two: Endpoint) -> None:
    async with two.client() as client:
        refused = await client.post("/v1/models/unheard_of/deploy", json={"version": 1})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_product")


async def test_a_caller_who_is_not_allowed_moves_nothing(two: Endpoint) -> None:
    before, heart = pointer(two), replace(two.parts.heart, access=ClosedAccess())
    refused = await post(replace(two, parts=replace(two.parts, heart=heart)), version=2)
    assert (refused.status_code, refused.json()["code"], pointer(two)) == (403, "access_denied", before)


async def test_one_key_is_one_deployment_even_for_two_requests_at_once(two: Endpoint) -> None:
    first, second = await asyncio.gather(post(two, "key", version=2), post(two, "key", version=2))
    third = await post(two, "key", version=2)
    assert [each.status_code for each in (first, second, third)] == [200, 200, 200]
    assert len({each.json()["deployment_id"] for each in (first, second, third)}) == 1
    other = await post(two, "key", version=2, traffic=0.5)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("more", [b"[", b'{"of_later_code":1,'])
async def test_a_product_whose_moves_cannot_be_read_is_told_and_hides_no_other(two: Endpoint, more: bytes) -> None:
    two.publisher.publish("cancellation_risk", model_version=1)
    moves = two.publisher.releases_dir / "churn" / "moves"
    damaged = moves / "00000002.json"
    damaged.write_bytes(damaged.read_bytes().replace(b'"pointer":{', b'"pointer":' + more))
    assert [one["model"] for one in (await get(two, "/v1/deployments"))["deployments"]] == ["cancellation_risk"]
    async with two.client() as client:
        refused = await client.get(f"/v1/deployments/churn-{'0' * 16}-1")
    assert (refused.status_code, refused.json()["code"]) == (500, "model_unusable")


async def test_the_same_key_of_another_caller_is_another_key(two: Endpoint) -> None:
    class Bob(OpenAccess):
        def recognise(self, authorization: bytes, purpose: bytes) -> Caller:  # noqa: ARG002 - every caller alike
            return Caller(Identity("bob", (), "test", (), float("inf")))

    await post(two, "key", version=2)
    bobs = replace(two, parts=replace(two.parts, heart=replace(two.parts.heart, access=Bob())))
    refused = await post(bobs, "key", version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "rollout_state")


async def test_a_key_with_letters_that_a_header_cannot_hold_is_refused(two: Endpoint) -> None:
    refused = await post(two, "a key", version=2)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed_request")


async def test_a_move_that_cannot_be_written_leaves_everything_as_it_was(two: Endpoint) -> None:
    before, moves = pointer(two), two.publisher.releases_dir / "churn" / "moves"
    moves.rename(moves.with_name("away"))
    moves.touch()
    refused = await post(two, version=2)
    assert (refused.status_code, refused.json()["code"]) == (503, "deployment_failed")
    assert refused.json()["retryable"]
    assert pointer(two) == before
