"""What a caller gets back: from the model, from degraded features, from each fallback."""

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from platform_assets.contract.names import parse_prediction_id
from platform_assets.serving.sources import BatchPrediction
from platform_assets.serving.wire import Answer, Answers, PredictRequest, SingleAnswer
from tests.unit.serving.conftest import AS_OF, WALL, Endpoint, make_endpoint

pytestmark = pytest.mark.anyio

ORDER = {
    "order_id": "581587",
    "customer_id": "13085",
    "order_gbp": 505.3,
    "line_count": 8,
    "product_count": 8,
    "piece_count": 166,
    "line_gbp_max": 100.8,
    "unit_price_gbp_mean": 3.7,
    "country": "United Kingdom",
}
SLOT = {"parking_bay_id": "BHMBCCMKT01", "target_at": "2011-12-09T12:30:00Z"}
BATCH = BatchPrediction(score=0.31, uncertainty=0.02, as_of=AS_OF - dt.timedelta(days=3), model_version=7)


async def ask(endpoint: Endpoint, **body: object) -> list[Answer]:
    request = msgspec.convert(body, PredictRequest)
    answers = await endpoint.parts.heart.predict(request, request_id="request-1")
    assert isinstance(answers, Answers)
    return answers.predictions


@pytest.fixture
async def churn(endpoint: Endpoint) -> Endpoint:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 4.0, "13086": 9.0}
    return endpoint


@pytest.fixture
async def orders(endpoint: Endpoint) -> Endpoint:
    endpoint.publisher.publish("cancellation_risk")
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 4.0}
    return endpoint


async def test_an_answer_names_its_release_versions_snapshot_and_age(churn: Endpoint) -> None:
    release = churn.parts.releases.current("churn").release
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert (answer.release_id, answer.model_version, answer.fallback) == (release.release_id, 1, "none")
    assert (answer.event_at, answer.as_of, answer.age_seconds) == (AS_OF, AS_OF, 0.0)
    assert (answer.max_age_seconds, answer.is_stale, answer.action_allowed) == (24 * 3600.0, False, True)
    assert answer.score is not None
    assert 0.0 <= answer.score <= 1.0
    assert answer.label in {"likely_to_churn", "likely_to_stay"}
    assert answer.reason is None


async def test_rows_come_back_in_the_order_of_the_request_and_as_if_asked_alone(churn: Endpoint) -> None:
    together = await ask(churn, product="churn", entities=["13086", "13085", "13086"])
    alone = await ask(churn, product="churn", entities=["13085"])
    assert [answer.entity_id for answer in together] == ["13086", "13085", "13086"]
    assert together[1].score == alone[0].score
    assert together[0].score == together[2].score


async def test_all_rows_of_a_request_are_looked_up_in_one_read(churn: Endpoint) -> None:
    await ask(churn, product="churn", entities=["13085"] * 50)
    assert churn.features.reads == 1


async def test_a_large_request_is_scored_in_a_thread_to_the_same_bits(churn: Endpoint) -> None:
    many = await ask(churn, product="churn", entities=["13085"] * 200)
    (alone,) = await ask(churn, product="churn", entities=["13085"])
    assert {answer.score for answer in many} == {alone.score}


async def test_a_feature_in_the_request_takes_the_place_of_the_stored_one(churn: Endpoint) -> None:
    stored, sent = await ask(
        churn, product="churn", rows=[{"customer_id": "13085"}, {"customer_id": "13085", "order_count": 400}]
    )
    assert churn.log.entries[0].features != churn.log.entries[1].features
    position = churn.parts.releases.current("churn").schema.stored["order_count"]
    assert churn.log.entries[1].features[position] == 400.0
    assert stored.fallback == sent.fallback == "none"


async def test_a_request_with_every_stored_feature_makes_no_lookup(churn: Endpoint) -> None:
    columns = churn.parts.releases.current("churn").product.stored_columns
    row = {"customer_id": "new", **dict.fromkeys(columns, 3.0), "last_order_at": "2011-12-01", "gap_days_std": None}
    (answer,) = await ask(churn, product="churn", rows=[row])
    assert churn.features.reads == 0
    assert (answer.fallback, answer.reason, answer.age_seconds, answer.as_of) == ("none", None, None, None)


async def test_event_time_is_the_snapshot_in_replay_now_in_live_and_the_callers_when_sent(churn: Endpoint) -> None:
    (replayed,) = await ask(churn, product="churn", entities=["13085"])
    (sent,) = await ask(churn, product="churn", entities=["13085"], event_at="2011-12-09T12:00:00+02:00")
    live_heart = replace(churn.parts.heart, clock=replace(churn.parts.heart.clock, mode="live"))
    live = await live_heart.predict(PredictRequest(product="churn", entities=["13085"]), request_id="r")
    assert isinstance(live, Answers)
    assert replayed.event_at == AS_OF
    assert sent.event_at == dt.datetime(2011, 12, 9, 10, tzinfo=dt.UTC)
    assert live.predictions[0].event_at == WALL


async def test_old_features_are_scored_and_shown_but_not_to_be_acted_on(churn: Endpoint) -> None:
    churn.features.event_at = AS_OF - dt.timedelta(hours=25)
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert (answer.age_seconds, answer.is_stale, answer.action_allowed) == (25 * 3600.0, True, False)
    assert (answer.reason, answer.fallback) == ("stale_features", "none")
    assert answer.score is not None


async def test_an_unknown_entity_gets_its_last_batch_prediction(churn: Endpoint) -> None:
    churn.batches.rows = {"unseen": BATCH}
    (answer,) = await ask(churn, product="churn", entities=["unseen"])
    assert (answer.fallback, answer.reason, answer.score) == ("last_batch", "unknown_entity", 0.31)
    assert (answer.model_version, answer.as_of, answer.action_allowed) == (7, BATCH.as_of, True)
    assert answer.age_seconds == 3 * 86_400.0


async def test_a_last_batch_beyond_its_own_freshness_is_shown_but_not_to_be_acted_on(churn: Endpoint) -> None:
    churn.batches.rows = {"unseen": BATCH._replace(as_of=AS_OF - dt.timedelta(days=9))}
    (answer,) = await ask(churn, product="churn", entities=["unseen"])
    assert (answer.fallback, answer.is_stale, answer.action_allowed) == ("last_batch", True, False)


async def test_a_last_batch_whose_run_or_sources_are_too_old_is_shown_but_not_to_be_acted_on(churn: Endpoint) -> None:
    churn.batches.rows = {"unseen": BATCH._replace(kept_until=AS_OF.timestamp() - 1.0)}
    (answer,) = await ask(churn, product="churn", entities=["unseen"])
    assert (answer.fallback, answer.is_stale, answer.action_allowed) == ("last_batch", True, False)
    churn.batches.rows = {"unseen": BATCH._replace(kept_until=AS_OF.timestamp())}
    (answer,) = await ask(churn, product="churn", entities=["unseen"])
    assert (answer.is_stale, answer.action_allowed) == (False, True)


async def test_a_last_batch_from_after_the_instant_is_not_to_be_acted_on(churn: Endpoint) -> None:
    churn.batches.rows = {"unseen": BATCH._replace(as_of=AS_OF + dt.timedelta(days=1))}
    (answer,) = await ask(churn, product="churn", entities=["unseen"])
    assert (answer.age_seconds, answer.is_stale, answer.action_allowed) == (-86_400.0, True, False)


async def test_an_entity_in_no_batch_gets_the_declared_conservative_score(churn: Endpoint) -> None:
    known, unknown = await ask(churn, product="churn", entities=["13085", "unseen"])
    assert known.fallback == "none"
    assert (unknown.fallback, unknown.score, unknown.action_allowed) == ("default_score", 0.5, True)
    assert unknown.uncertainty is None


async def test_a_store_that_is_away_is_asked_once_and_ends_in_the_fallback(churn: Endpoint) -> None:
    churn.features.failure = "online_store_unavailable"
    churn.batches.rows = {"13085": BATCH}
    copied, default = await ask(churn, product="churn", entities=["13085", "13086"])
    assert (copied.fallback, default.fallback) == ("last_batch", "default_score")
    assert copied.reason == default.reason == "online_store_unavailable"
    assert churn.batches.asked_while_away == [True]
    assert churn.features.reads == 1


async def test_a_flushed_store_still_offers_the_last_batch(churn: Endpoint) -> None:
    churn.features.failure = "snapshot_missing"
    churn.batches.rows = {"13085": BATCH}
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert (answer.fallback, answer.reason) == ("last_batch", "snapshot_missing")


async def test_a_new_customer_is_scored_by_the_order_alone_and_marked(orders: Endpoint) -> None:
    (answer,) = await ask(orders, product="cancellation_risk", rows=[{**ORDER, "customer_id": "new"}])
    assert (answer.fallback, answer.reason) == ("none", "missing_features")
    assert answer.missing_features == ("customer_orders",)
    assert answer.score is not None
    assert answer.action_allowed


async def test_a_car_park_without_history_is_not_scored_from_its_slot_alone(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("parking_demand")
    await endpoint.parts.refresh()
    (answer,) = await ask(endpoint, product="parking_demand", rows=[SLOT])
    assert (answer.fallback, answer.reason, answer.score) == ("skip_action", "unknown_entity", None)
    assert not answer.action_allowed


async def test_an_engine_that_breaks_ends_in_the_fallback(churn: Endpoint) -> None:
    churn.parts.releases.current("churn").bundle.predictor.close()
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert (answer.fallback, answer.reason) == ("default_score", "engine_error")


async def test_a_score_that_the_guard_refuses_ends_in_the_fallback(churn: Endpoint) -> None:
    live = churn.parts.releases.current("churn")
    narrow = msgspec.structs.replace(live.product, score=msgspec.structs.replace(live.product.score, high=0.0001))
    state = churn.parts.releases.states["churn"]
    broken = replace(live, bundle=replace(live.bundle, product=narrow))
    churn.parts.releases._states = {"churn": replace(state, live=broken)}  # noqa: SLF001 - no real model does this
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert (answer.fallback, answer.reason) == ("default_score", "invalid_score")


async def test_every_answer_is_logged_under_the_id_that_the_caller_got(orders: Endpoint) -> None:
    (answer,) = await ask(orders, product="cancellation_risk", rows=[ORDER])
    (entry,) = orders.log.entries
    release = orders.parts.releases.current("cancellation_risk").release
    assert entry.prediction_id == answer.prediction_id
    assert parse_prediction_id(answer.prediction_id) == ("cancellation_risk", AS_OF.date(), "online")
    assert (entry.score, entry.release_id, entry.bundle_digest) == (
        answer.score,
        release.release_id,
        release.bundle_digest,
    )
    assert (entry.row_keys, entry.entity_id, entry.snapshot_id) == ({"order_id": "581587"}, "581587", "snap-1")
    assert entry.request["order_gbp"] == 505.3
    assert entry.request["customer_id"] == "13085"
    assert entry.features == [4.0] * len(orders.parts.releases.current("cancellation_risk").product.stored_columns)
    assert (entry.predicted_at, entry.request_id) == (WALL, "request-1")


async def test_two_equal_requests_get_different_prediction_ids(churn: Endpoint) -> None:
    first = await ask(churn, product="churn", entities=["13085", "13085"])
    second = await ask(churn, product="churn", entities=["13085", "13085"])
    assert len({answer.prediction_id for answer in (*first, *second)}) == 4


async def test_a_fallback_is_logged_with_its_reason(churn: Endpoint) -> None:
    await ask(churn, product="churn", entities=["unseen"])
    (entry,) = churn.log.entries
    assert (entry.fallback, entry.reason) == ("default_score", "unknown_entity")


async def test_the_single_form_answers_with_the_documented_names(orders: Endpoint) -> None:
    request = msgspec.convert({"model": "cancellation_risk", "features": ORDER}, PredictRequest)
    answer = await orders.parts.heart.predict(request, request_id="r")
    assert isinstance(answer, SingleAnswer)
    assert answer.prediction == answer.score is not None
    expected = answer.score if answer.label == "review" else 1.0 - answer.score
    assert answer.confidence == expected


async def test_a_target_instant_travels_as_text_into_the_log(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("parking_demand")
    await endpoint.parts.refresh()
    endpoint.features.rows = {"BHMBCCMKT01": 0.4}
    (answer,) = await ask(endpoint, product="parking_demand", rows=[SLOT])
    (entry,) = endpoint.log.entries
    assert answer.fallback == "none"
    assert entry.row_keys == {"parking_bay_id": "BHMBCCMKT01", "target_at": "2011-12-09T12:30:00+00:00"}
    assert entry.request == {"target_at": "2011-12-09T12:30:00+00:00"}


async def test_two_endpoints_in_one_process_count_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    one, two = (make_endpoint(tmp_path_factory.mktemp("home")) for _ in range(2))
    for endpoint in (one, two):
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
    await ask(one, product="churn", entities=["13085"])
    assert b"platform_predictions_total{" in one.parts.metrics.render()
    assert b"platform_predictions_total{" not in two.parts.metrics.render()
