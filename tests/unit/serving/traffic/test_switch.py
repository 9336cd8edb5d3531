"""The switch of a product: off means the fallbacks, at once, with the reason in every answer and every log entry."""

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from platform_assets.inference.live_pointer import live_path
from platform_assets.rollouts.moves import switch_off, switch_on
from platform_assets.serving.jobs.pinned import PinnedRelease
from platform_assets.serving.sources import BatchPrediction
from platform_assets.serving.wire import Answers, PredictRequest
from platform_assets.settings import Settings
from tests.unit.serving.conftest import AS_OF, Endpoint
from tests.unit.serving.test_heart import ORDER
from tests.unit.serving.traffic.rolling import OLD_SCORE, Rolling, begin_rollout, word

pytestmark = pytest.mark.anyio

BATCH = BatchPrediction(score=0.31, uncertainty=0.02, as_of=AS_OF - dt.timedelta(days=3), model_version=7)


@pytest.fixture
async def off(endpoint: Endpoint) -> Rolling:
    rolling = await begin_rollout(endpoint, 0.5)
    switch_off(rolling.pointers, "churn", word())
    await endpoint.parts.refresh()
    return rolling


async def test_the_fallbacks_answer_and_say_why(off: Rolling) -> None:
    off.endpoint.batches.rows = {"1": BATCH}
    one, two = await off.ask("1", "2")
    assert (one.fallback, one.reason, one.score) == ("last_batch", "switched_off", 0.31)
    assert (two.fallback, two.reason, two.score) == ("default_score", "switched_off", 0.5)
    assert one.release_id == two.release_id == off.old.release_id
    assert [entry.reason for entry in off.endpoint.log.entries] == ["switched_off"] * 2
    text = off.endpoint.parts.metrics.render().decode()
    assert 'platform_degraded_predictions_total{product="churn",reason="switched_off"} 2.0' in text


async def test_no_model_is_asked_also_for_rows_that_bring_all_they_need(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("cancellation_risk")
    await endpoint.parts.refresh()
    live = endpoint.parts.releases.current("cancellation_risk")
    live.bundle.predictor.close()  # it would say engine_error
    rolling = await begin_rollout(endpoint, 0.5)
    switch_off(rolling.pointers, "cancellation_risk", word())
    await endpoint.parts.refresh()
    row = {**ORDER, **dict.fromkeys(live.product.stored_columns, 1.0)}
    body = msgspec.json.encode({"product": "cancellation_risk", "rows": [row]})
    answers = await endpoint.parts.heart.predict_body(body, request_id="r")
    assert msgspec.to_builtins(answers)["predictions"][0]["reason"] == "switched_off"


async def test_a_job_under_way_asks_the_model_no_more(off: Rolling) -> None:
    settings = Settings(home=off.endpoint.publisher.home)
    pinned = PinnedRelease(settings, off.endpoint.parts.releases.current("churn"))
    heart = replace(off.endpoint.parts.heart, releases=pinned)
    request = PredictRequest(product="churn", entities=["1"])
    answers = await heart.predict(request, request_id="job")
    switch_on(off.pointers, "churn", word())
    again = await heart.predict(request, request_id="job")
    assert isinstance(answers, Answers)
    assert isinstance(again, Answers)
    assert [each.predictions[0].reason for each in (answers, again)] == ["switched_off", None]


async def test_naming_a_release_does_not_get_around_it(off: Rolling) -> None:
    (answer,) = await off.ask("1", X_Release=off.new.release_id)
    assert answer.reason == "switched_off"


async def test_nothing_is_held_against_a_candidate_meanwhile(off: Rolling) -> None:
    await off.ask(*(f"{number}" for number in range(50)))
    evidence = off.endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.answers, evidence.control.answers) == (0, 0)


async def test_health_says_who_switched_it_off_and_why(off: Rolling) -> None:
    async with off.endpoint.client() as client:
        health = (await client.get("/health")).json()
    product = health["products"]["churn"]
    assert (health["is_ready"], product["status"]) == (True, "degraded")
    assert "switched off" in product["detail"]
    assert "a test: because" in product["detail"]


async def test_on_again_the_model_answers_and_the_rollout_goes_on(off: Rolling) -> None:
    switch_on(off.pointers, "churn", word())
    await off.endpoint.parts.refresh()
    answers = await off.ask(*(f"{number}" for number in range(50)))
    assert {answer.release_id for answer in answers} == {off.old.release_id, off.new.release_id}


async def test_a_product_is_off_also_where_its_release_cannot_be_loaded_any_more(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, 0.5)
    (answer,) = await rolling.ask("1", X_Release=rolling.old.release_id)
    assert answer.score == OLD_SCORE
    broken = endpoint.publisher.publish("churn", model_version=3, files={"model.txt": b"tree\nend of trees\n"})
    switch_off(rolling.pointers, "churn", word())
    await endpoint.parts.refresh()
    assert rolling.pointer.release_id == broken.release_id
    (answer,) = await rolling.ask("1")
    assert (answer.reason, answer.release_id) == ("switched_off", rolling.old.release_id)
    assert live_path(rolling.pointers.releases_dir, "churn").exists()
