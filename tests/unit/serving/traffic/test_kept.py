"""Releases that were replaced stay at hand until their instant, for callers who name them, and say that they go."""

import datetime as dt
from dataclasses import replace

import pytest

from platform_assets.access.caller import Asked, Caller, Decision
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.rollouts.moves import begin, complete
from platform_assets.serving.access import OpenAccess
from platform_assets.serving.heart import Heart
from platform_assets.serving.traffic.loading import MOST_KEPT
from tests.unit.serving.conftest import WALL, Endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, Rolling, begin_rollout, plan_of, word

pytestmark = pytest.mark.anyio


def completed(rolling: Rolling) -> LivePointer:
    rollout = rolling.rollout
    return complete(rolling.pointers, "churn", rollout_id=rollout.rollout_id, from_step=rollout.step_name, word=word())


@pytest.fixture
async def replaced(endpoint: Endpoint) -> Rolling:
    """Put the new release in force, with the old one kept for a week."""
    endpoint.parts.releases.wall = lambda: WALL
    rolling = await begin_rollout(endpoint, 0.5)
    await rolling.advance()
    completed(rolling)
    await endpoint.parts.refresh()
    return rolling


async def test_the_kept_release_answers_who_names_it_and_nobody_else(replaced: Rolling) -> None:
    (plain,) = await replaced.ask("1")
    (named,) = await replaced.ask("1", X_Release=replaced.old.release_id)
    assert (plain.release_id, plain.score) == (replaced.new.release_id, NEW_SCORE)
    assert (named.release_id, named.score) == (replaced.old.release_id, OLD_SCORE)
    _, entry = replaced.endpoint.log.entries
    assert (entry.release_id, entry.experiment_id, entry.variant, entry.chosen) == (
        replaced.old.release_id,
        None,
        "kept",
        "override",
    )


async def test_an_answer_of_a_kept_release_says_since_when_it_is_deprecated_and_when_it_goes(
    replaced: Rolling,
) -> None:
    body = {"product": "churn", "entities": ["1"]}
    async with replaced.endpoint.client() as client:
        plain = await client.post("/v1/predict", json=body)
        named = await client.post("/v1/predict", json=body, headers={"X-Release": replaced.old.release_id})
    assert "Deprecation" not in plain.headers
    assert named.json()["release_id"] == replaced.old.release_id
    assert named.headers["Deprecation"] == f"@{WALL.timestamp():.0f}"
    assert named.headers["Sunset"] == "Sun, 08 Mar 2026 09:30:00 GMT"


async def test_a_kept_release_costs_no_load_and_goes_at_its_instant(replaced: Rolling) -> None:
    split = replaced.endpoint.parts.releases.split("churn")
    assert split is not None
    assert list(split.kept) == [replaced.old.release_id]
    replaced.endpoint.parts.releases.wall = lambda: WALL + dt.timedelta(days=7)
    await replaced.endpoint.parts.refresh()
    assert replaced.endpoint.parts.releases.split("churn") is None
    (answer,) = await replaced.ask("1", X_Release=replaced.old.release_id)
    assert answer.release_id == replaced.new.release_id


async def test_the_way_back_to_a_kept_release_loads_nothing(replaced: Rolling) -> None:
    release = replaced.old
    split = replaced.endpoint.parts.releases.split("churn")
    assert split is not None
    bundle = split.kept[release.release_id].live.bundle
    for path in (replaced.endpoint.publisher.home / release.bundle_path).iterdir():
        path.unlink()
    replaced.endpoint.publisher.point_at("churn", release.release_id)
    await replaced.endpoint.parts.refresh()
    assert replaced.endpoint.parts.releases.current("churn").bundle is bundle
    assert (await replaced.ask("1"))[0].score == OLD_SCORE


async def test_a_kept_release_whose_files_are_gone_is_left_out_and_nothing_else_suffers(endpoint: Endpoint) -> None:
    endpoint.parts.releases.wall = lambda: WALL
    rolling = await begin_rollout(endpoint, 0.5)
    await rolling.advance()
    completed(rolling)
    for path in (endpoint.publisher.home / rolling.old.bundle_path).iterdir():
        path.unlink()
    endpoint.parts.releases._states = {}  # noqa: SLF001 - as after a restart
    await endpoint.parts.refresh()
    assert endpoint.parts.releases.states["churn"].state == "serving"
    assert endpoint.parts.releases.split("churn") is None


async def test_only_the_newest_of_many_kept_releases_stay_in_memory(endpoint: Endpoint) -> None:
    endpoint.parts.releases.wall = lambda: WALL
    rolling = await begin_rollout(endpoint)  # one step: in force at once
    for version in range(3, 3 + MOST_KEPT + 2):
        release = endpoint.publisher.publish("churn", model_version=version, constant=0.5)
        endpoint.publisher.point_at("churn", rolling.new.release_id)
        begin(rolling.pointers, "churn", release_id=release.release_id, plan=plan_of(), word=word())
        rolling = replace(rolling, new=release)
    await endpoint.parts.refresh()
    split = endpoint.parts.releases.split("churn")
    assert split is not None
    assert len(split.kept) == MOST_KEPT


async def test_during_a_rollout_each_release_answers_who_names_it_and_is_not_judged_by_that(
    endpoint: Endpoint,
) -> None:
    rolling = await begin_rollout(endpoint, 0.5)
    for release, score in ((rolling.old, OLD_SCORE), (rolling.new, NEW_SCORE)):
        answers = await rolling.ask(*(f"{number}" for number in range(30)), X_Release=release.release_id)
        assert {answer.score for answer in answers} == {score}
    assert {entry.chosen for entry in endpoint.log.entries} == {"override"}
    evidence = endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.answers, evidence.control.answers) == (0, 0)


class NoChoice(OpenAccess):
    """Allows every call and no choice of a release."""

    def decide(self, caller: Caller, asked: Asked) -> Decision:  # noqa: ARG002 - every caller alike
        return Decision(is_allowed=asked.action != "choose_release", why="test")


async def test_a_caller_who_may_not_choose_gets_what_everybody_gets(replaced: Rolling) -> None:
    heart: Heart = replace(replaced.endpoint.parts.heart, access=NoChoice())
    stranger = replace(
        replaced, endpoint=replace(replaced.endpoint, parts=replace(replaced.endpoint.parts, heart=heart))
    )
    (answer,) = await stranger.ask("1", X_Release=replaced.old.release_id)
    assert answer.release_id == replaced.new.release_id
