"""Experiments over HTTP: what a call changes, what is refused, and what a repeat gets."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from platform_assets.contract.experiments import Experiment
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.inference.refusals import refuse_version
from platform_assets.rollouts.experiments import read_experiment, read_experiments
from platform_assets.rollouts.moves import begin
from platform_assets.serving.experiments.wire import ExperimentWanted
from tests.unit.serving.conftest import ClosedAccess, Endpoint, make_endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, word

pytestmark = pytest.mark.anyio
CONTROL = {"name": "control", "release": "live", "share": 0.5}
TREATMENT = {"name": "treatment", "release": "v2", "share": 0.5}
TRIAL: dict[str, Any] = {
    "id": "trial",
    "unit": "entity",
    "variants": [CONTROL, TREATMENT],
    "metrics": [{"name": "error_rate", "margin": 0.002}],
}
BECAUSE = {"reason": "a try"}


@pytest.fixture
async def two(tmp_path: Path) -> Endpoint:
    """Give an endpoint with two approved versions of a product, the first in force."""
    endpoint = make_endpoint(tmp_path)
    first = endpoint.publisher.publish("churn", model_version=1, constant=OLD_SCORE)
    endpoint.publisher.publish("churn", model_version=2, constant=NEW_SCORE)
    endpoint.publisher.point_at("churn", first.release_id)
    endpoint.features.rows = {f"{number}": 4.0 for number in range(40)}
    await endpoint.parts.refresh()
    return endpoint


async def post(endpoint: Endpoint, path: str, body: object, key: str | None = None) -> httpx.Response:
    async with endpoint.client() as client:
        url = f"/v1/experiments/churn{path}"
        return await client.post(url, json=body, headers={"Idempotency-Key": key} if key else {})


async def running(endpoint: Endpoint) -> None:
    assert (await post(endpoint, "", TRIAL)).status_code == 201
    assert (await post(endpoint, "/trial/start", BECAUSE)).status_code == 200


async def versions(endpoint: Endpoint) -> set[int]:
    """Return the versions that answer forty entities."""
    async with endpoint.client() as client:
        answer = await client.post(
            "/v1/predict", json={"product": "churn", "entities": [f"{number}" for number in range(40)]}
        )
    return {row["model_version"] for row in answer.json()["predictions"]}


def stored(endpoint: Endpoint) -> list[tuple[str, str]]:
    found = read_experiments(endpoint.publisher.releases_dir, "churn")
    return [(record.experiment.id, record.state) for record in found]


async def test_what_is_created_is_a_draft_that_names_release_ids_and_assigns_nobody(two: Endpoint) -> None:
    created = await post(two, "", TRIAL | {"reason": "three more months"})
    told = created.json()
    assert (created.status_code, told["product"], told["id"], told["state"]) == (201, "churn", "trial", "draft")
    assert (told["alpha"], told["min_units"], told["paused"]) == (0.05, 500, None)
    assert all(len(variant["release"]) == 16 for variant in told["variants"])
    (change,) = told["changes"]
    assert (change["by"], change["reason"]) == ("local", "three more months")
    assert stored(two) == [("trial", "draft")]
    assert await versions(two) == {1}


async def test_from_its_start_to_its_stop_both_variants_answer_at_this_endpoint_at_once(two: Endpoint) -> None:
    await post(two, "", TRIAL)
    started = await post(two, "/trial/start", BECAUSE)
    assert (started.status_code, started.json()["state"]) == (200, "running")
    assert await versions(two) == {1, 2}
    async with two.client() as client:
        figures = (await client.get("/v1/experiments/churn")).json()
    assert (figures["experiment_id"], figures["paused"]) == ("trial", None)
    stopped = await post(two, "/trial/stop", {"reason": "enough"})
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert [change["reason"] for change in stopped.json()["changes"]] == ["created by API", "a try", "enough"]
    assert await versions(two) == {1}


def test_the_body_has_the_fields_and_defaults_of_an_experiment_without_its_product() -> None:
    def fields(kind: type[msgspec.Struct]) -> dict[str, object]:
        return {field.name: field.default for field in msgspec.structs.fields(kind)}

    wanted = fields(ExperimentWanted)
    assert wanted.pop("reason") is None
    assert wanted | {"product": msgspec.NODEFAULT} == fields(Experiment)
    decoded = msgspec.convert(TRIAL | {"alpha": 0.01, "min_units": 7}, ExperimentWanted)
    expected = msgspec.convert(TRIAL | {"alpha": 0.01, "min_units": 7, "product": "churn"}, Experiment)
    assert decoded.of("churn") == expected


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": "Trial"}, "malformed_request"),
        ({"id": "trial\n"}, "malformed_request"),
        ({"id": "../trial"}, "malformed_request"),
        ({"unit": "weather"}, "malformed_request"),
        ({"alpha": 1.0}, "malformed_request"),
        ({"min_units": 2**64}, "malformed_request"),
        ({"reason": ""}, "malformed_request"),
        ({"product": "churn"}, "malformed_request"),
        ({"variants": [CONTROL]}, "invalid_experiment"),
        ({"variants": [CONTROL, TREATMENT | {"share": 0.4}]}, "invalid_experiment"),
        ({"variants": [CONTROL, TREATMENT | {"release": "v9"}]}, "invalid_experiment"),
        ({"variants": [CONTROL, TREATMENT | {"release": "../../live"}]}, "invalid_experiment"),
        ({"metrics": []}, "invalid_experiment"),
        ({"metrics": [{"name": "value", "margin": 0.1}]}, "invalid_experiment"),
    ],
)
async def test_what_is_no_sound_experiment_is_refused_and_not_stored(
    two: Endpoint, changed: dict[str, object], code: str
) -> None:
    refused = await post(two, "", TRIAL | changed)
    assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    assert stored(two) == []


@pytest.mark.parametrize("action", ["start", "stop"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (BECAUSE, 404, "unknown_experiment"),
        ({}, 422, "malformed_request"),
        ({"reason": ""}, 422, "malformed_request"),
        ({"reason": "a", "by": "somebody else"}, 422, "malformed_request"),
    ],
)
async def test_a_change_needs_an_experiment_and_a_reason(
    two: Endpoint, action: str, body: dict[str, str], status: int, code: str
) -> None:
    refused = await post(two, f"/unheard-of/{action}", body)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


async def test_an_id_is_never_used_twice_and_nothing_comes_after_the_stop(two: Endpoint) -> None:
    await running(two)
    refused = [await post(two, "", TRIAL), await post(two, "/trial/start", BECAUSE)]
    await post(two, "/trial/stop", BECAUSE)
    refused += [await post(two, "/trial/stop", BECAUSE), await post(two, "/trial/start", BECAUSE)]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(409, "experiment_state")] * 4


async def test_a_second_experiment_waits_for_the_end_of_the_first(two: Endpoint) -> None:
    await running(two)
    assert (await post(two, "", TRIAL | {"id": "other"})).status_code == 201
    refused = await post(two, "/other/start", BECAUSE)
    assert (refused.status_code, refused.json()["code"]) == (409, "experiment_state")
    assert stored(two) == [("other", "draft"), ("trial", "running")]


async def test_nothing_starts_beside_a_rollout(two: Endpoint) -> None:
    await post(two, "", TRIAL)
    third = two.publisher.publish("churn", model_version=3)
    control = read_experiment(two.publisher.releases_dir, "churn", "trial").experiment.control.release
    two.publisher.point_at("churn", control)
    pointers = two.parts.releases.pointers
    begin(pointers, "churn", release_id=third.release_id, plan=RolloutPlan(), word=word())
    refused = await post(two, "/trial/start", BECAUSE)
    assert (refused.status_code, refused.json()["code"]) == (409, "experiment_state")
    assert "rollout" in refused.json()["detail"]


async def test_a_version_that_was_rejected_gets_no_traffic(two: Endpoint) -> None:
    await post(two, "", TRIAL)
    refuse_version(two.publisher.releases_dir, "churn", 2, fsync=False)
    refused = await post(two, "/trial/start", BECAUSE)
    assert (refused.status_code, refused.json()["code"]) == (409, "version_refused")
    assert stored(two) == [("trial", "draft")]


async def test_one_whose_variant_cannot_be_loaded_is_answered_as_stopped_and_why(two: Endpoint) -> None:
    await post(two, "", TRIAL)
    model = two.publisher.home / "bundles/churn/2/model.txt"
    model.write_bytes(model.read_bytes() + b"\n")
    told = (await post(two, "/trial/start", BECAUSE)).json()
    assert (told["state"], told["changes"][-1]["by"]) == ("stopped", "endpoint")
    assert "cannot load" in told["changes"][-1]["reason"]
    assert await versions(two) == {1}


async def test_an_unheard_of_product_is_unknown(two: Endpoint) -> None:
    async with two.client() as client:
        refused = [
            await client.post("/v1/experiments/unheard_of", json=TRIAL),
            await client.post("/v1/experiments/unheard_of/trial/start", json=BECAUSE),
            await client.post("/v1/experiments/unheard_of/trial/stop", json=BECAUSE),
        ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(404, "unknown_product")] * 3


async def test_a_caller_who_is_not_allowed_changes_nothing(two: Endpoint) -> None:
    await running(two)
    closed = replace(two, parts=replace(two.parts, heart=replace(two.parts.heart, access=ClosedAccess())))
    refused = [
        await post(closed, "", TRIAL | {"id": "other"}),
        await post(closed, "/trial/start", BECAUSE),
        await post(closed, "/trial/stop", BECAUSE),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "access_denied")] * 3
    assert stored(two) == [("trial", "running")]


async def test_one_key_is_one_change_even_for_two_requests_at_once(two: Endpoint) -> None:
    for path, body in (("", TRIAL), ("/trial/start", BECAUSE), ("/trial/stop", BECAUSE)):
        key = f"key{path}"
        first, second = await asyncio.gather(post(two, path, body, key), post(two, path, body, key))
        third = await post(two, path, body, key)
        assert {each.status_code for each in (first, second, third)} == {200 if path else 201}
        assert first.json() == second.json() == third.json()
    assert [change["state"] for change in third.json()["changes"]] == ["draft", "running", "stopped"]


async def test_a_repeat_after_the_stop_starts_nothing_and_tells_how_it_is_by_now(two: Endpoint) -> None:
    await post(two, "", TRIAL)
    await post(two, "/trial/start", BECAUSE, "start")
    await post(two, "/trial/stop", BECAUSE)
    again = await post(two, "/trial/start", BECAUSE, "start")
    assert (again.status_code, again.json()["state"]) == (200, "stopped")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", TRIAL | {"id": "other"}),
        ("", TRIAL | {"alpha": 0.01}),
        ("/trial/start", BECAUSE),
        ("/trial/stop", BECAUSE),
    ],
)
async def test_a_key_does_not_stand_for_another_request(two: Endpoint, path: str, body: dict[str, Any]) -> None:
    await post(two, "", TRIAL, "key")
    refused = await post(two, path, body, "key")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert stored(two) == [("trial", "draft")]


async def test_a_change_that_cannot_be_written_is_told_as_one_to_repeat(two: Endpoint) -> None:
    (two.publisher.releases_dir / "churn" / "experiments").touch()
    refused = await post(two, "", TRIAL)
    assert (refused.status_code, refused.json()["code"]) == (503, "experiment_not_kept")
    assert refused.json()["retryable"]
    assert "Retry-After" in refused.headers
