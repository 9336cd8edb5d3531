"""The way through the model: reuse, calls that are judged together, an engine that fails or is late."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from platform_assets.errors import ModelUnusableError, UnauthenticatedError
from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName, EngineName
from platform_assets.serving.stored import SnapshotSeen
from platform_assets.serving.wire import PredictRequest
from tests.unit.serving.conftest import AS_OF, ClosedAccess, Endpoint
from tests.unit.serving.test_heart import ask

pytestmark = pytest.mark.anyio


@pytest.fixture
async def churn(endpoint: Endpoint) -> Endpoint:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 4.0, "13086": 9.0}
    return endpoint


async def test_the_same_inputs_are_scored_once_and_marked_as_reused(churn: Endpoint) -> None:
    (first,) = await ask(churn, product="churn", entities=["13085"])
    (again,) = await ask(churn, product="churn", entities=["13085"])
    assert (first.cache_hit, again.cache_hit) == (False, True)
    assert first.score == again.score
    assert [entry.cache_hit for entry in churn.log.entries] == [False, True]


async def test_a_new_snapshot_never_meets_the_scores_of_the_one_before(churn: Endpoint) -> None:
    await ask(churn, product="churn", entities=["13085"])
    churn.features.snapshot_seen = SnapshotSeen("snap-1", AS_OF, 2)
    (answer,) = await ask(churn, product="churn", entities=["13085"])
    assert not answer.cache_hit


async def test_calls_of_one_turn_get_their_own_rows(churn: Endpoint) -> None:
    alone = {name: (await ask(churn, product="churn", entities=[name]))[0].score for name in ("13085", "13086")}
    names = ["13086", "13085", "unseen", "13086"]
    answers = await asyncio.gather(*(ask(churn, product="churn", entities=[name]) for name in names))
    assert [answer.entity_id for (answer,) in answers] == names
    assert [answer.score for (answer,) in answers] == [alone["13086"], alone["13085"], 0.5, alone["13086"]]


async def test_an_engine_that_keeps_failing_is_left_alone(churn: Endpoint) -> None:
    live = churn.parts.releases.current("churn")
    asked = 0

    class Failing:
        engine: EngineName = "lightgbm"
        device: DeviceName = "cpu"

        def close(self) -> None:
            """Hold nothing."""

        def predict(self, _matrix: Floats) -> Floats:
            nonlocal asked
            asked += 1
            raise ModelUnusableError(file="model.txt", problem="it is broken")

    state = churn.parts.releases.states["churn"]
    broken = replace(live, bundle=replace(live.bundle, predictor=Failing()))
    churn.parts.releases._states = {"churn": replace(state, live=broken)}  # noqa: SLF001 - no real model does this
    reasons = {(await ask(churn, product="churn", entities=["13085"]))[0].reason for _ in range(10)}
    assert reasons == {"engine_error"}
    assert asked < 10


async def test_a_score_in_the_cache_is_given_while_the_engine_is_left_alone(churn: Endpoint) -> None:
    (scored,) = await ask(churn, product="churn", entities=["13085"])
    churn.parts.releases.current("churn").bundle.predictor.close()
    lost = [(await ask(churn, product="churn", entities=["13086"]))[0].reason for _ in range(5)]
    (reused,) = await ask(churn, product="churn", entities=["13085"])
    assert set(lost) == {"engine_error"}
    assert (reused.cache_hit, reused.score, reused.reason) == (True, scored.score, None)


async def test_scores_that_come_too_late_end_in_the_fallback(churn: Endpoint) -> None:
    live = churn.parts.releases.current("churn")
    assert live.product.online is not None
    hasty = msgspec.structs.replace(
        live.product, online=msgspec.structs.replace(live.product.online, score_deadline_ms=1e-6)
    )
    state = churn.parts.releases.states["churn"]
    slow = replace(live, bundle=replace(live.bundle, product=hasty))
    churn.parts.releases._states = {"churn": replace(state, live=slow)}  # noqa: SLF001 - no product declares this
    answers = await ask(churn, product="churn", entities=["13085"] * 500)
    assert {(answer.reason, answer.fallback) for answer in answers} == {("engine_timeout", "default_score")}


async def test_a_caller_that_access_denies_is_refused_before_any_lookup(churn: Endpoint) -> None:
    heart = replace(churn.parts.heart, access=ClosedAccess())
    with pytest.raises(UnauthenticatedError):  # nobody said who calls
        await heart.predict(PredictRequest(product="churn", entities=["13085"]), request_id="r")
    assert churn.features.reads == 0
