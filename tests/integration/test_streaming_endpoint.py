"""Events change what a real endpoint answers: over HTTP, through the inbox, and whatever dies meanwhile."""

import json
from collections.abc import Iterator
from typing import cast

import httpx
import msgspec
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.online.streaming.keys import inbox_key, refused_key, space_of, state_key
from platform_assets.settings import Settings
from tests.conftest import kill
from tests.integration.streaming_endpoint import (
    BAY,
    MIDNIGHT,
    PRODUCT,
    StreamingEndpoint,
    declared,
    events_counted,
    eventually,
    publish_parking,
    reading,
    streaming_endpoint,
    waiting,
)
from tests.integration.test_endpoint_process import running


@pytest.fixture
def endpoint(online_store: Settings) -> Iterator[StreamingEndpoint]:
    with streaming_endpoint(online_store) as started:
        yield started


def entries(settings: Settings) -> list[PredictionLogEntry]:
    with connect(settings.online_url) as client:
        return [decode_entry(content) for _, content in read_batch(client, PREDICTION_STREAM, "0-0", 10_000)]


def test_an_event_changes_the_answer_and_the_log_tells_which_features_it_gave(endpoint: StreamingEndpoint) -> None:
    before = endpoint.score()
    told = endpoint.send(reading(1, 720, 900), reading(2, 690, 850), reading(2, 690, 850)).json()
    assert (told["accepted"], told["duplicates"], told["refused"]) == (2, 1, 0)
    assert endpoint.score() > before + 0.3  # events count once they are acknowledged
    eventually(lambda: entries(endpoint.settings)[-1].streamed is not None)
    first, second = entries(endpoint.settings)[0], entries(endpoint.settings)[-1]
    assert first.streamed is None
    assert second.streamed is not None
    assert set(second.streamed) == set(declared().refreshed)
    assert second.snapshot_id == "s1"
    assert second.features[0] == 0.9
    assert second.features[1] == 0.85


def test_an_answer_for_an_earlier_instant_uses_only_what_had_happened_by_then(endpoint: StreamingEndpoint) -> None:
    early = MIDNIGHT.replace(hour=11, minute=50)
    before = endpoint.score(at=early)
    endpoint.send(reading(1, 720, 900))
    assert endpoint.score(at=early) == before
    endpoint.send(reading(2, 690, 900))
    assert endpoint.score(at=early) > before


def test_an_event_put_into_the_inbox_changes_the_answer_within_moments(endpoint: StreamingEndpoint) -> None:
    before = endpoint.score()
    endpoint.store.xadd(inbox_key(PRODUCT), {"event": json.dumps(reading(1, 720, 900))})
    eventually(lambda: endpoint.score() > before + 0.3)
    eventually(lambda: waiting(endpoint.store) == 0)


def test_what_is_wrong_in_the_inbox_is_set_aside_with_its_reason(endpoint: StreamingEndpoint) -> None:
    endpoint.store.xadd(inbox_key(PRODUCT), {"event": b"\xff no event"})
    endpoint.store.xadd(inbox_key(PRODUCT), {"another": "field"})
    eventually(lambda: endpoint.store.xlen(refused_key(PRODUCT)) == 2)
    refused = cast("list[tuple[bytes, dict[bytes, bytes]]]", endpoint.store.xrange(refused_key(PRODUCT)))
    fields = refused[0][1]
    assert (fields[b"event"], fields[b"why"]) == (b"\xff no event", b"invalid")
    assert waiting(endpoint.store) == 0


def test_a_new_snapshot_leaves_what_events_told_and_counts_nothing_twice(endpoint: StreamingEndpoint) -> None:
    endpoint.send(reading(1, 720, 900))
    streamed = endpoint.score()
    publish_parking(endpoint.store, endpoint.settings, snapshot_id="s2")
    assert endpoint.score() == streamed
    eventually(lambda: entries(endpoint.settings)[-1].snapshot_id == "s2")


def test_a_bad_body_is_a_problem_and_a_bad_event_costs_its_neighbours_nothing(endpoint: StreamingEndpoint) -> None:
    told = endpoint.send(reading(1, 720, 900), {"event_id": "x"}, reading(2, 3 * 1440, 5)).json()
    assert [each["status"] for each in told["events"]] == ["accepted", "refused", "refused"]
    assert [each["why"] for each in told["events"]] == [None, "invalid", "from_the_future"]
    url = f"{endpoint.url}/v1/events"
    assert httpx.post(f"{url}/{PRODUCT}", content=b"{").json()["code"] == "unreadable_body"
    assert httpx.post(f"{url}/{PRODUCT}", json={"events": []}).status_code == 422
    assert httpx.post(f"{url}/{PRODUCT}", json={"events": [reading(1, 1, 1)] * 1001}).status_code == 422
    assert httpx.post(f"{url}/unheard_of", json={"events": [reading(1, 1, 1)]}).status_code == 404


def test_a_consumer_killed_at_its_work_loses_nothing_and_counts_nothing_twice(
    endpoint: StreamingEndpoint, online_store: Settings
) -> None:
    """Its successor claims what it had taken and not acknowledged."""
    count = 3_000
    pipeline = endpoint.store.pipeline(transaction=False)
    for number in range(count):
        pipeline.xadd(inbox_key(PRODUCT), {"event": json.dumps(reading(number, 600 + number % 120, 500))})
    pipeline.execute()
    eventually(lambda: events_counted(endpoint.store) > 0)
    kill(endpoint.process.pid)
    assert waiting(endpoint.store) > 0
    with running(online_store, online_store.home / "second.log"):
        eventually(lambda: waiting(endpoint.store) == 0)
    assert events_counted(endpoint.store) == count


def test_a_product_without_streaming_says_so(online_store: Settings) -> None:
    from tests.unit.serving.conftest import Publisher  # noqa: PLC0415 - this test alone

    Publisher(online_store.home).publish("churn")
    with running(online_store, online_store.home / "endpoint.log") as (url, _):
        answer = httpx.post(f"{url}/v1/events/churn", json={"events": [reading(1, 1, 1)]})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_events")


def test_damaged_state_ends_in_a_fallback_and_never_in_a_wrong_number(endpoint: StreamingEndpoint) -> None:
    endpoint.store.set(state_key(space_of(PRODUCT, declared()), BAY), msgspec.msgpack.encode({"no": "state"}))
    eventually(lambda: bool(endpoint.ask()["reason"] == "snapshot_corrupt"))
