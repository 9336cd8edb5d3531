"""An event is taken as it was declared or refused with its reason; a bad one costs its neighbours nothing."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.clock import epoch_seconds
from platform_assets.online.streaming.events import (
    ReadyEvent,
    RefusedEvent,
    Scalar,
    decode_logged,
    encode_logged,
    read_event,
    read_json_event,
    ready_again,
)
from platform_assets.products._discovery import discover_products
from tests.unit.online.streaming.purchases import NOON, NOW, PRODUCT, PURCHASES, purchase, ready

GOOD = purchase(1, at=NOON, amount=12.25)


def test_a_good_event_tells_its_entity_its_bucket_and_its_measures() -> None:
    event = ready(GOOD)
    assert event.entity == "c1"
    assert event.counted == ("e1", epoch_seconds(NOON), int(epoch_seconds(NOON)), (12.25,))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "with space"}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_at": "yesterday"}, "event_at"),
        ({"event_at": 12.0}, "event_at"),
        ({"customer_id": None}, "customer_id"),
        ({"customer_id": True}, "customer_id"),
        ({"amount": "9.5"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": -1.0}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": 1e9}, "amount"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_with_an_event_is_told(change: dict[str, Scalar], problem: str) -> None:
    refused = read_event(PRODUCT, PURCHASES, {**GOOD, **change}, NOW)
    assert isinstance(refused, RefusedEvent)
    assert refused.why == "invalid"
    assert problem in refused.problem


def test_an_event_of_the_future_is_refused() -> None:
    ahead = purchase(1, at=NOON + dt.timedelta(seconds=1))
    refused = read_event(PRODUCT, PURCHASES, ahead, NOW)
    assert isinstance(refused, RefusedEvent)
    assert refused.why == "from_the_future"


@given(st.binary(max_size=200))
def test_any_bytes_of_an_inbox_are_refused_or_read_and_never_break_it(content: bytes) -> None:
    assert isinstance(read_json_event(PRODUCT, PURCHASES, content, NOW), ReadyEvent | RefusedEvent)


def test_a_logged_event_counts_again_as_it_did() -> None:
    event = ready(GOOD)
    again = ready_again(PURCHASES, decode_logged(encode_logged(event.logged)))
    assert again is not None
    assert (again.entity, again.counted) == (event.entity, event.counted)


def test_a_logged_event_that_lacks_what_is_measured_today_is_left_out() -> None:
    logged = msgspec.structs.replace(ready(GOOD).logged, values={})
    assert ready_again(PURCHASES, logged) is None


def test_the_declared_products_take_the_examples_of_their_fields() -> None:
    declared = [product for product in discover_products() if product.online and product.online.streaming]
    assert declared
    for product in declared:
        streaming = product.online.streaming if product.online else None
        assert streaming is not None
        sent: dict[str, Scalar] = {"event_id": "e1", "event_at": NOON.isoformat()}
        sent |= dict.fromkeys(streaming.key, "somebody")
        sent |= {field.name: field.example for field in streaming.fields}
        assert isinstance(read_event(product.name, streaming, sent, NOW), ReadyEvent)
