"""One call answered by two releases: each row by its own, in order, and told so in the answer and in the log."""

import asyncio

import msgspec
import pytest

from platform_assets.contract.compile import compile_product
from platform_assets.contract.features import RequestField
from platform_assets.serving.traffic.choice import choose
from platform_assets.serving.traffic.facts import Facts
from platform_assets.serving.wire import Answers, PredictRequest, SingleAnswer
from tests.unit.serving.conftest import Endpoint, product_named
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, Rolling, begin_rollout, plan_of

pytestmark = pytest.mark.anyio

MANY = [f"{number}" for number in range(60)]


@pytest.fixture
async def half(endpoint: Endpoint) -> Rolling:
    return await begin_rollout(endpoint, 0.5)


async def test_each_row_is_answered_by_its_own_release_and_in_the_order_of_the_request(half: Rolling) -> None:
    answers = await half.ask(*MANY)
    split = half.endpoint.parts.releases.split("churn")
    assert split is not None
    assert [answer.entity_id for answer in answers] == MANY
    for answer in answers:
        expected = choose(split, Facts("r"), answer.entity_id).live.release
        assert (answer.release_id, answer.model_version) == (expected.release_id, expected.model_version)
        assert answer.score == {1: OLD_SCORE, 2: NEW_SCORE}[answer.model_version]
    assert {answer.model_version for answer in answers} == {1, 2}


async def test_rows_of_one_entity_stay_together_whatever_stands_between_them(half: Rolling) -> None:
    answers = await half.ask(*MANY, *reversed(MANY))
    by_entity: dict[str, set[str]] = {}
    for answer in answers:
        by_entity.setdefault(answer.entity_id, set()).add(answer.release_id)
    assert all(len(releases) == 1 for releases in by_entity.values())
    assert [answer.entity_id for answer in answers] == [*MANY, *reversed(MANY)]


async def test_a_split_call_says_what_each_of_its_rows_says_alone(half: Rolling) -> None:
    together = await half.ask(*MANY[:20])
    alone = [(await half.ask(entity))[0] for entity in MANY[:20]]
    told = [(answer.entity_id, answer.release_id, answer.score, answer.fallback) for answer in together]
    assert told == [(answer.entity_id, answer.release_id, answer.score, answer.fallback) for answer in alone]


async def test_every_row_is_logged_once_with_its_release_and_why_it_was_chosen(half: Rolling) -> None:
    answers = {answer.prediction_id: answer for answer in await half.ask(*MANY)}
    entries = half.endpoint.log.entries
    assert sorted(entry.prediction_id for entry in entries) == sorted(answers)
    for entry in entries:
        assert entry.release_id == answers[entry.prediction_id].release_id
        variant = "candidate" if entry.release_id == half.new.release_id else "control"
        assert (entry.experiment_id, entry.variant, entry.chosen) == (half.rollout.rollout_id, variant, "unit")


async def test_a_product_without_a_rollout_logs_no_assignment(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    assert endpoint.parts.releases.split("churn") is None
    await endpoint.parts.heart.predict(PredictRequest(product="churn", entities=["13085"]), request_id="r")
    (entry,) = endpoint.log.entries
    assert (entry.experiment_id, entry.variant, entry.chosen, entry.unit) == (None, None, None, None)


async def test_the_single_form_is_answered_flat_by_whichever_release(half: Rolling) -> None:
    seen = set()
    for entity in MANY[:30]:
        request = PredictRequest(model="churn", features={"customer_id": entity})
        answer = await half.endpoint.parts.heart.predict(request, request_id="r")
        assert isinstance(answer, SingleAnswer)
        assert answer.prediction == answer.score
        seen.add(answer.release_id)
    assert seen == {half.old.release_id, half.new.release_id}


async def test_stored_features_that_were_sent_go_with_their_rows(half: Rolling) -> None:
    rows = [{"customer_id": entity, "order_count": float(entity)} for entity in MANY]
    body = msgspec.json.encode({"product": "churn", "rows": rows})
    await half.endpoint.parts.heart.predict_body(body, request_id="r")
    position = half.candidate.live.schema.stored["order_count"]
    entries = half.endpoint.log.entries
    assert len(entries) == len(MANY)
    assert all(entry.features[position] == float(entry.entity_id) for entry in entries)


async def test_all_of_the_traffic_reaches_the_candidate_in_the_last_step(half: Rolling) -> None:
    await half.advance()
    assert {answer.release_id for answer in await half.ask(*MANY)} == {half.new.release_id}
    assert half.endpoint.parts.releases.current("churn").release == half.old  # in force until it is completed


def widened(*, is_required: bool) -> bytes:
    product = product_named("churn")
    told = RequestField(
        name="segment", type="text", description="Where it shops.", example="web", is_required=is_required
    )
    return compile_product(
        msgspec.structs.replace(product, request=(*product.request, told), not_inputs=(*product.not_inputs, "segment"))
    )


async def test_a_candidate_that_takes_one_field_more_reads_the_request_by_its_own_schema(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, 0.5, files={"product.json": widened(is_required=False)})
    answers = await rolling.ask(*MANY)
    assert {answer.score for answer in answers} == {OLD_SCORE, NEW_SCORE}
    assert {entry.request.get("segment", "none") for entry in endpoint.log.entries} == {None, "none"}


async def test_a_candidate_that_refuses_what_its_control_takes_fails_no_call(endpoint: Endpoint) -> None:
    files = {"product.json": widened(is_required=True)}
    rolling = await begin_rollout(endpoint, plan=plan_of(0.5), files=files)
    body = msgspec.json.encode({"product": "churn", "rows": [{"customer_id": entity} for entity in MANY]})
    answers = await endpoint.parts.heart.predict_body(body, request_id="r")
    assert isinstance(answers, Answers)
    assert [answer.entity_id for answer in answers.predictions] == MANY
    assert {answer.score for answer in answers.predictions} == {OLD_SCORE}
    report = endpoint.parts.heart.traffic.watch.report("churn")
    assert (report.evidence.candidate.answers, report.evidence.candidate.errors) == (1, 1)
    with pytest.raises(Exception, match="segment"):
        await rolling.ask("1", X_Release=rolling.new.release_id)


async def test_a_split_call_is_counted_once_for_each_release(half: Rolling) -> None:
    await half.ask(*MANY)
    evidence = half.endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.answers, evidence.control.answers) == (1, 1)
    assert evidence.candidate.scores.total + evidence.control.scores.total == len(MANY)
    assert evidence.recent == evidence.candidate


async def test_the_cache_never_gives_one_release_the_score_of_the_other(half: Rolling) -> None:
    for _ in range(3):
        for answer in await half.ask(*MANY):
            assert answer.score == {half.old.release_id: OLD_SCORE, half.new.release_id: NEW_SCORE}[answer.release_id]
    hits = {answer.release_id for answer in await half.ask(*MANY) if answer.cache_hit}
    assert hits == {half.old.release_id, half.new.release_id}


async def test_calls_of_both_releases_in_one_turn_are_never_mixed(half: Rolling) -> None:
    answers = await asyncio.gather(*(half.ask(entity) for entity in MANY))
    for (answer,) in answers:
        assert answer.score == {half.old.release_id: OLD_SCORE, half.new.release_id: NEW_SCORE}[answer.release_id]
