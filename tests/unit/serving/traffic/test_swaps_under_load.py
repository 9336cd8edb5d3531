"""Rollouts begin, advance, complete and end in the middle of the traffic: no answer mixes two releases or is lost."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.rollouts import moves
from platform_assets.serving.wire import Answers, PredictRequest
from tests.unit.serving.conftest import Endpoint, make_endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, Rolling, begin_rollout, plan_of, word

ENTITIES = [f"{number}" for number in range(12)]
moves_of = st.lists(st.sampled_from(["advance", "end", "begin", "off", "on", "swap"]), min_size=3, max_size=12)


def facts_of(rolling: Rolling) -> dict[str, tuple[object, ...]]:
    """Return what an answer of each release has to say, whatever else is in force."""
    return {
        release.release_id: (release.bundle_digest, release.model_version, score)
        for release, score in ((rolling.old, OLD_SCORE), (rolling.new, NEW_SCORE))
    }


async def move(rolling: Rolling, kind: str) -> None:
    """Make one move if it can be made now, and follow it."""
    pointer, pointers = rolling.pointer, rolling.pointers
    rollout = pointer.rollout
    if kind == "advance" and rollout is not None:
        step = moves.advance if rollout.plan.after(rollout.step) else moves.complete
        step(pointers, "churn", rollout_id=rollout.rollout_id, from_step=rollout.step_name, word=word())
    elif kind == "end" and rollout is not None:
        moves.end(pointers, "churn", rollout_id=rollout.rollout_id, word=word())
    elif kind == "begin" and rollout is None:
        ids = {rolling.old.release_id, rolling.new.release_id} - {pointer.release_id}
        moves.begin(pointers, "churn", release_id=ids.pop(), plan=plan_of(0.0, 0.5), word=word())
    elif kind == "swap":
        ids = {rolling.old.release_id, rolling.new.release_id} - {pointer.release_id}
        rolling.endpoint.publisher.point_at("churn", ids.pop())
    elif kind == "off" and pointer.off is None:
        moves.switch_off(pointers, "churn", word())
    elif kind == "on" and pointer.off is not None:
        moves.switch_on(pointers, "churn", word())
    await rolling.endpoint.parts.refresh()


async def load(endpoint: Endpoint, until: asyncio.Event, answers: list[Answers]) -> None:
    while not until.is_set():
        request = PredictRequest(product="churn", entities=ENTITIES)
        answer = await endpoint.parts.heart.predict(request, request_id="r")
        assert isinstance(answer, Answers)
        answers.append(answer)
        await asyncio.sleep(0.001)  # leaves the loop to the moves, and keeps what is checked afterwards small


async def play(endpoint: Endpoint, kinds: list[str]) -> tuple[Rolling, list[Answers]]:
    rolling = await begin_rollout(endpoint, 0.0, 0.5)
    done, answers = asyncio.Event(), list[Answers]()
    callers = [asyncio.create_task(load(endpoint, done, answers)) for _ in range(3)]
    for kind in kinds:
        await move(rolling, kind)
    done.set()
    await asyncio.gather(*callers)  # raises what any call raised
    await endpoint.parts.heart.traffic.finish()
    return rolling, answers


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=moves_of)
def test_every_answer_is_of_one_release_from_its_bundle_to_its_score(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str]
) -> None:
    endpoint = make_endpoint(tmp_path_factory.mktemp("swaps"))
    rolling, answers = asyncio.run(play(endpoint, kinds))
    expected = facts_of(rolling)
    entries = {entry.prediction_id: entry for entry in endpoint.log.entries}
    assert len(entries) == len(answers) * len(ENTITIES)  # nothing is lost, nothing is logged twice
    for answer in answers:
        assert [row.entity_id for row in answer.predictions] == ENTITIES
        for row in answer.predictions:
            entry = entries[row.prediction_id]
            digest, version, score = expected[row.release_id]
            assert (entry.release_id, entry.bundle_digest, entry.model_version) == (row.release_id, digest, version)
            assert (entry.snapshot_id, entry.output_schema_version) == ("snap-1", row.output_schema_version)
            assert row.score == (score if row.fallback == "none" else 0.5)
