"""Callers who name the version of the output that they understand get it until its sunset, whatever is in force."""

import datetime as dt
import json
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec
import pytest

from platform_assets.inference.refusals import refuse_version
from platform_assets.inference.release import Release
from platform_assets.rollouts.moves import Pointers, begin
from platform_assets.serving.traffic.loading import MOST_KEPT
from tests.unit.contract.contract_samples import FIRST, second_version
from tests.unit.serving.conftest import WALL, Endpoint, product_named
from tests.unit.serving.traffic.rolling import Rolling, plan_of, word

pytestmark = pytest.mark.anyio

CHURN = product_named("churn")
OF_FIRST, OF_SECOND = 0.25, 75.0
BODY = {"product": "churn", "entities": ["1", "2"]}
BODY_OF_SECOND = {"product": "churn", "rows": [{"customer_id": "1", "channel": 2}]}


@dataclass
class Versions:
    """An endpoint whose product went from the first version of its output to the second."""

    endpoint: Endpoint
    first: Release
    second: Release

    async def post(self, body: object, version: str | None = None, *, path: str = "/v1/predict") -> httpx.Response:
        headers = {} if version is None else {"X-Output-Version": version}
        async with self.endpoint.client() as client:
            return await client.post(path, content=json.dumps(body), headers=headers)

    async def look_at(self, wall: dt.datetime) -> None:
        """Let the endpoint live at another instant."""
        parts = self.endpoint.parts
        parts.releases.wall = lambda: wall
        self.endpoint.parts = replace(parts, heart=replace(parts.heart, wall=lambda: wall))
        await parts.refresh()

    @property
    def pointers(self) -> Pointers:
        return Pointers(releases_dir=self.endpoint.publisher.releases_dir, fsync=False)


@pytest.fixture
async def versions(endpoint: Endpoint) -> Versions:
    publisher = endpoint.publisher
    first = publisher.publish("churn", model_version=1, constant=OF_FIRST)
    second = publisher.publish("churn", model_version=2, constant=OF_SECOND, product=second_version(CHURN))
    endpoint.features.rows = {f"{number}": 4.0 for number in range(100)}
    found = Versions(endpoint, first, second)
    await found.look_at(WALL)
    return found


def seen(response: httpx.Response) -> set[tuple[int, float, str]]:
    assert response.status_code == 200, response.text
    rows = response.json()["predictions"]
    return {(row["output_schema_version"], row["score"], row["release_id"]) for row in rows}


async def test_the_earlier_version_is_answered_by_its_last_release_and_by_its_own_schema(versions: Versions) -> None:
    assert seen(await versions.post(BODY, "1")) == {(1, OF_FIRST, versions.first.release_id)}
    assert seen(await versions.post(BODY_OF_SECOND, "2")) == {(2, OF_SECOND, versions.second.release_id)}
    refused = await versions.post(BODY)
    assert (refused.status_code, "channel" in refused.text) == (422, True)


async def test_a_caller_who_names_no_version_gets_the_one_in_force_and_is_told_which(versions: Versions) -> None:
    answer = await versions.post(BODY_OF_SECOND)
    assert seen(answer) == {(2, OF_SECOND, versions.second.release_id)}
    assert "Deprecation" not in answer.headers


async def test_an_answer_in_an_earlier_version_says_since_when_until_when_and_what_follows(versions: Versions) -> None:
    headers = (await versions.post(BODY, "1")).headers
    assert headers["Deprecation"] == f"@{FIRST.deprecated_at.timestamp():.0f}"
    assert parsedate_to_datetime(headers["Sunset"]) == FIRST.sunset_at
    assert headers["Link"] == (
        '</v1/products/churn>; rel="successor-version", <https://wiki.example.com/churn/2>; rel="deprecation"'
    )


async def test_an_earlier_version_ends_at_its_sunset_and_not_before(versions: Versions) -> None:
    await versions.look_at(FIRST.sunset_at - dt.timedelta(seconds=1))
    assert seen(await versions.post(BODY, "1")) == {(1, OF_FIRST, versions.first.release_id)}
    await versions.look_at(FIRST.sunset_at)
    gone = await versions.post(BODY, "1")
    assert (gone.status_code, gone.json()["code"]) == (410, "output_version_retired")
    assert gone.headers["Content-Type"].startswith("application/problem+json")
    assert "read version 2" in gone.json()["detail"]
    assert FIRST.what_changed in gone.json()["detail"]
    assert versions.endpoint.parts.releases.split("churn") is None  # its model costs no memory any more


@pytest.mark.parametrize("version", ["3", "0", "999999"])
async def test_a_version_that_never_was_is_refused_with_those_that_are(versions: Versions, version: str) -> None:
    refused = await versions.post(BODY, version)
    assert (refused.status_code, refused.json()["code"]) == (406, "unknown_output_version")
    assert "offered are 2, 1" in refused.json()["detail"]


@pytest.mark.parametrize("version", ["", "one", "1.0", "-1", "1, 2", "٣", "9" * 5000])
async def test_a_header_that_names_no_version_is_refused(versions: Versions, version: str) -> None:
    async with versions.endpoint.client() as client:
        headers = [(b"X-Output-Version", version.encode())]
        refused = await client.post("/v1/predict", json=BODY, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed_request")
    assert "X-Output-Version" in refused.json()["detail"]


async def test_every_later_release_keeps_the_same_last_release_of_the_earlier_version(versions: Versions) -> None:
    publisher, product = versions.endpoint.publisher, second_version(CHURN)
    for number in range(3, 3 + MOST_KEPT + 2):
        later = publisher.publish("churn", model_version=number, constant=60.0, product=product)
        publisher.point_at("churn", versions.second.release_id)
        begin(versions.pointers, "churn", release_id=later.release_id, plan=plan_of(), word=word())
    await versions.endpoint.parts.refresh()
    assert seen(await versions.post(BODY, "1")) == {(1, OF_FIRST, versions.first.release_id)}


async def test_a_later_release_may_move_the_sunset(versions: Versions) -> None:
    later = second_version(CHURN, msgspec.structs.replace(FIRST, sunset=dt.date(2027, 1, 1)))
    versions.endpoint.publisher.publish("churn", model_version=3, constant=60.0, product=later)
    await versions.look_at(FIRST.sunset_at)
    answer = await versions.post(BODY, "1")
    assert seen(answer) == {(1, OF_FIRST, versions.first.release_id)}
    assert answer.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"


async def test_after_the_way_back_the_earlier_version_is_in_force_again(versions: Versions) -> None:
    versions.endpoint.publisher.point_at("churn", versions.first.release_id)
    await versions.endpoint.parts.refresh()
    answer = await versions.post(BODY, "1")
    assert seen(answer) == seen(await versions.post(BODY)) == {(1, OF_FIRST, versions.first.release_id)}
    assert "Deprecation" not in answer.headers
    assert (await versions.post(BODY_OF_SECOND, "2")).status_code == 406
    versions.endpoint.publisher.point_at("churn", versions.second.release_id)
    await versions.endpoint.parts.refresh()
    assert seen(await versions.post(BODY, "1")) == {(1, OF_FIRST, versions.first.release_id)}


async def test_a_rollout_of_the_next_version_reaches_nobody_who_names_another(versions: Versions) -> None:
    endpoint = versions.endpoint
    endpoint.publisher.point_at("churn", versions.first.release_id)
    plan = plan_of(0.0, 0.5)
    begin(versions.pointers, "churn", release_id=versions.second.release_id, plan=plan, word=word())
    await endpoint.parts.refresh()
    assert (await versions.post(BODY_OF_SECOND, "2")).status_code == 406  # a shadow never answers
    rolling = Rolling(endpoint, versions.first, versions.second)
    many = {"product": "churn", "entities": [f"{number}" for number in range(60)]}
    await rolling.advance()
    assert seen(await versions.post(many, "1")) == {(1, OF_FIRST, versions.first.release_id)}
    assert seen(await versions.post(BODY_OF_SECOND, "2")) == {(2, OF_SECOND, versions.second.release_id)}
    assert {entry.chosen for entry in endpoint.log.entries} == {"override"}
    evidence = endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.answers, evidence.control.answers) == (0, 0)


async def test_a_rollout_within_a_version_reaches_callers_who_name_it(endpoint: Endpoint) -> None:
    first = endpoint.publisher.publish("churn", model_version=1, constant=OF_FIRST)
    better = endpoint.publisher.publish("churn", model_version=2, constant=0.5)
    endpoint.publisher.point_at("churn", first.release_id)
    endpoint.features.rows = {f"{number}": 4.0 for number in range(100)}
    versions = Versions(endpoint, first, better)
    begin(versions.pointers, "churn", release_id=better.release_id, plan=plan_of(0.5), word=word())
    await endpoint.parts.refresh()
    many = {"product": "churn", "entities": [f"{number}" for number in range(60)]}
    assert {score for _, score, _ in seen(await versions.post(many, "1"))} == {OF_FIRST, 0.5}


async def test_a_release_by_name_has_no_say_beside_a_version(versions: Versions) -> None:
    headers = {"X-Output-Version": "2", "X-Release": versions.first.release_id}
    async with versions.endpoint.client() as client:
        answer = await client.post("/v1/predict", json=BODY_OF_SECOND, headers=headers)
    assert seen(answer) == {(2, OF_SECOND, versions.second.release_id)}


async def test_an_earlier_version_whose_release_is_lost_is_a_503_that_says_so(versions: Versions) -> None:
    for path in (versions.endpoint.publisher.home / versions.first.bundle_path).iterdir():
        path.unlink()
    versions.endpoint.parts.releases._states = {}  # noqa: SLF001 - as after a restart
    await versions.endpoint.parts.refresh()
    lost = await versions.post(BODY, "1")
    assert (lost.status_code, lost.json()["code"]) == (503, "output_version_unavailable")
    assert (await versions.post(BODY_OF_SECOND, "2")).status_code == 200


async def test_an_earlier_version_whose_model_was_rejected_or_recalled_answers_nobody(versions: Versions) -> None:
    refuse_version(versions.pointers.releases_dir, "churn", versions.first.model_version, fsync=False)
    await versions.endpoint.parts.refresh()
    refused = await versions.post(BODY, "1")
    assert (refused.status_code, refused.json()["code"]) == (503, "output_version_unavailable")
    async with versions.endpoint.client() as client:
        named = {"X-Release": versions.first.release_id}
        answer = await client.post("/v1/predict", json=BODY_OF_SECOND, headers=named)
    assert seen(answer) == {(2, OF_SECOND, versions.second.release_id)}


async def test_the_older_routes_obey_the_version_too(versions: Versions) -> None:
    assert seen(await versions.post(BODY, "1", path="/predict")) == {(1, OF_FIRST, versions.first.release_id)}
    assert (await versions.post(BODY, "7", path="/predict")).status_code == 406


async def test_the_contract_of_a_product_tells_its_versions(versions: Versions) -> None:
    async with versions.endpoint.client() as client:
        told: Any = (await client.get("/v1/products/churn")).json()
    assert told["release"]["output_schema_version"] == 2
    (earlier,) = told["contract"]["earlier_versions"]
    assert (earlier["version"], earlier["deprecated_on"], earlier["sunset"]) == (1, "2026-02-01", "2026-09-01")
