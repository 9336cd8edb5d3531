"""What the desk answers is what the long way answers; what it cannot answer goes there, untouched."""

import asyncio
import contextlib
import datetime as dt
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from platform_assets.access.caller import Caller
from platform_assets.contract.prediction_log import decode_entry
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.live_pointer import SwitchedOff
from platform_assets.inference.predictor import DeviceName, EngineName
from platform_assets.serving.access import OpenAccess
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.telemetry.metric_families import ROLES
from platform_assets.serving.traffic.split import Kept, Split
from platform_assets.serving.wire import PlainRequest
from tests.unit.serving.conftest import WALL, ClosedAccess, Endpoint
from tests.unit.serving.quick.conftest import Counter

pytestmark = pytest.mark.anyio

OF_ONE_CALL = ("prediction_id", "request_id", "latency_ms", "cache_hit")


STAGES = (
    "validate",
    "access",
    "admission",
    "queue",
    "lookup",
    "prepare",
    "cache",
    "score",
    "fallback",
    "answer",
    "journal",
)


def counted(counter: Counter, family: str, **labels: str) -> float:
    """Return the sum of a family over its labels, of those that match."""
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    lines = counter.endpoint.parts.metrics.render().decode().splitlines()
    found = (line for line in lines if line.startswith(f"{family}{{") and all(each in line for each in wanted))
    return sum(float(line.rpartition(" ")[2]) for line in found)


async def the_long_way(counter: Counter, body: dict[str, Any]) -> dict[str, Any]:
    async with counter.endpoint.client() as client:
        answer: dict[str, Any] = (await client.post("/v1/predict", json=body)).json()
    return answer


def without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def logged(counter: Counter) -> list[dict[str, Any]]:
    entries = [msgspec.to_builtins(decode_entry(each)) for each in counter.endpoint.log.written]
    counter.endpoint.log.written.clear()
    return [{**each, "features": list(map(str, each["features"]))} for each in entries]  # NaN equals NaN as text


@pytest.mark.parametrize("name", ["churn", "cancellation_risk", "parking_demand"])
@pytest.mark.parametrize("event_at", [None, "2011-12-09T12:00:00+02:00"])
async def test_answers_and_log_entries_are_those_of_the_long_way(
    endpoint: Endpoint, name: str, event_at: str | None
) -> None:
    counter = await Counter.opened(endpoint, name)
    entity = endpoint.parts.releases.current(name).schema.row_keys[0]
    rows = [counter.row(name, value) for value in (0.25, None, -3.5e7)] + [counter.row(name, 1.0, **{entity: 'ä"\n}'})]
    body = {**counter.body(name, *rows), **({} if event_at is None else {"event_at": event_at})}
    (quick,), quickly = counter.settle(body), logged(counter)
    long, slowly = await the_long_way(counter, body), logged(counter)
    assert without(quick, *OF_ONE_CALL, "predictions") == without(long, *OF_ONE_CALL, "predictions")
    assert [without(each, *OF_ONE_CALL) for each in quick["predictions"]] == [
        without(each, *OF_ONE_CALL) for each in long["predictions"]
    ]
    assert [without(each, *OF_ONE_CALL) for each in quickly] == [without(each, *OF_ONE_CALL) for each in slowly]
    told = [(each["prediction_id"], each["cache_hit"], each["latency_ms"]) for each in quick["predictions"]]
    assert told == [(each["prediction_id"], each["cache_hit"], each["latency_ms"]) for each in quickly]
    assert {each["request_id"] for each in quickly} == {quick["request_id"]} == {"request-1"}
    assert quick["predictions"][0].keys() == long["predictions"][0].keys()


async def test_the_single_form_is_answered_as_the_long_way_answers_it(counter: Counter) -> None:
    body = {"model": "churn", "features": counter.row("churn", 0.25)}
    (quick,) = counter.settle(body)
    long = await the_long_way(counter, body)
    assert without(quick, *OF_ONE_CALL) == without(long, *OF_ONE_CALL)
    assert quick.keys() == long.keys()


async def test_calls_of_one_turn_get_their_own_rows_in_order_under_ids_of_their_own(counter: Counter) -> None:
    rows = [counter.row("churn", float(number), customer_id=str(number)) for number in range(5)]
    alone = [counter.settle(counter.body("churn", row))[0]["predictions"][0]["score"] for row in rows]
    together = counter.settle(counter.body("churn", *rows[:2]), counter.body("churn", *rows[2:]))
    answers = [each for answer in together for each in answer["predictions"]]
    assert [each["entity_id"] for each in answers] == ["0", "1", "2", "3", "4"]
    assert [each["score"] for each in answers] == alone
    ids = [each["prediction_id"] for each in logged(counter)]
    assert len(set(ids)) == len(ids) == 10
    assert ids[5:] == [each["prediction_id"] for each in answers]


async def test_equal_rows_are_scored_once_and_then_reused_on_both_ways(counter: Counter) -> None:
    body = counter.body("churn", counter.row("churn", 7.0))
    first, beside, again = *counter.settle(body, body), *counter.settle(body)
    long = await the_long_way(counter, body)
    hits = [each["predictions"][0]["cache_hit"] for each in (first, beside, again, long)]
    assert hits == [False, False, True, True]
    assert counted(counter, "platform_prediction_cache_lookups_total", result="shared") == 1
    assert counted(counter, "platform_prediction_cache_lookups_total", result="hit") == 2


async def test_what_is_answered_is_counted(counter: Counter) -> None:
    rows = [counter.row("churn", 1.0), counter.row("churn", 2.0)]
    families = ("platform_predictions_total", "platform_score_count", "platform_predicted_labels_total")
    before = [counted(counter, family) for family in families]
    calls = {stage: counted(counter, "platform_stage_seconds_count", stage=stage) for stage in STAGES}
    requests = counted(counter, "platform_request_seconds_count", route="/v1/predict")
    of_product = counted(counter, "platform_product_request_seconds_count", product="churn", outcome="answered")
    counter.settle(counter.body("churn", *rows), counter.body("churn", *rows))
    assert [counted(counter, family) for family in families] == [value + 4 for value in before]
    assert counted(counter, "platform_request_seconds_count", route="/v1/predict") == requests + 2
    assert counted(counter, "platform_product_request_seconds_count", product="churn") == of_product + 2
    for stage, value in calls.items():
        assert counted(counter, "platform_stage_seconds_count", stage=stage) == value + 2, stage


@pytest.mark.parametrize(
    "body",
    [
        {"product": "churn", "entities": ["13085"]},
        {"product": "nothing", "rows": [{"customer_id": "1"}]},
        {"product": "churn", "rows": [{"customer_id": "1", "order_count": "many"}]},
        {"product": "churn", "rows": []},
        {"product": "churn"},
        b"{",
        b"",
    ],
)
async def test_what_needs_the_store_or_is_not_plain_goes_the_long_way_untouched(counter: Counter, body: object) -> None:
    letter = counter.write(body)
    counter.desk.answer_some()
    assert counter.outbox.long_way == [letter]
    assert not counter.outbox.answers
    assert not counter.endpoint.log.written


@pytest.mark.parametrize("is_off", [True, False])
async def test_a_product_that_is_not_answered_by_its_control_alone_goes_the_long_way(
    counter: Counter, *, is_off: bool
) -> None:
    releases = counter.endpoint.parts.releases
    live = releases.current("churn")
    kept = MappingProxyType({"old": Kept(live, WALL, WALL + dt.timedelta(days=1))})
    off = SwitchedOff(by="somebody", reason="a test", at=WALL) if is_off else None
    state = replace(releases.states["churn"], split=Split(control=live, kept=kept, off=off))
    releases._states = MappingProxyType({"churn": state})  # noqa: SLF001 - no pointer is moved for this
    answers = counter.settle(counter.body("churn", counter.row("churn", 1.0)))
    assert (len(answers), len(counter.outbox.long_way)) == ((0, 1) if is_off else (1, 0))
    assert counted(counter, ROLES.name + "_count", role="control") == len(answers)


async def test_the_desk_heeds_every_field_that_a_request_may_have() -> None:
    """A new field of a request goes unheard at the desk until somebody has taught it there, and then here."""
    assert set(PlainRequest.__struct_fields__) == {"product", "model", "entities", "rows", "features", "event_at"}


async def test_a_caller_that_access_denies_gets_nothing_here(counter: Counter) -> None:
    counter.desk = Desk(replace(counter.endpoint.parts.heart, access=ClosedAccess()))
    assert counter.settle(counter.body("churn", counter.row("churn", 1.0))) == []
    assert len(counter.outbox.long_way) == 1
    assert not counter.endpoint.log.written


async def test_an_engine_that_never_ran_is_first_asked_the_long_way(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    counter = Counter(endpoint, Desk(endpoint.parts.heart))
    assert counter.settle(counter.body("churn", counter.row("churn", 1.0))) == []
    assert len(counter.outbox.long_way) == 1


async def test_calls_whose_engine_fails_all_go_the_long_way_and_its_breaker_is_not_told_twice(counter: Counter) -> None:
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

    releases = counter.endpoint.parts.releases
    live = releases.current("churn")
    broken = replace(live, bundle=replace(live.bundle, predictor=Failing()))
    releases._states = {"churn": replace(releases.states["churn"], live=broken)}  # noqa: SLF001 - no real model does this
    body = counter.body("churn", counter.row("churn", 1.0))
    for _ in range(5):
        assert counter.settle(body, body) == []
    assert (asked, len(counter.outbox.long_way)) == (5, 10)
    answer = await the_long_way(counter, body)
    assert answer["predictions"][0]["reason"] == "engine_error"


async def test_an_error_that_nobody_foresaw_sends_every_letter_the_long_way(counter: Counter) -> None:
    class Broken(OpenAccess):
        def recognise(self, authorization: bytes, purpose: bytes) -> Caller:  # noqa: ARG002 - none is looked at
            raise ZeroDivisionError

    counter.desk = Desk(replace(counter.endpoint.parts.heart, access=Broken()))
    for number in range(3):
        counter.write(counter.body("churn", counter.row("churn", float(number))))
    with contextlib.suppress(ZeroDivisionError):
        counter.desk.answer_some()
    assert len(counter.outbox.long_way) == 3


async def test_a_desk_with_much_to_do_answers_in_parts_and_in_order(counter: Counter) -> None:
    rows = [counter.row("churn", float(number), customer_id=str(number)) for number in range(150)]
    for row in rows:
        counter.write(counter.body("churn", row))
    counter.desk.answer_some()
    assert 0 < len(counter.outbox.answers) < len(rows)
    for _ in range(4):  # the rest comes in the next turns of the event loop
        await asyncio.sleep(0)
    assert not counter.outbox.long_way
    answered = [msgspec.json.decode(each)["predictions"][0]["entity_id"] for each in counter.outbox.answers]
    assert answered == [str(number) for number in range(150)]
