"""Events against a real store: counted once, whatever their order, and by whomever they are applied."""

import asyncio
import datetime as dt
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.online.streaming.buckets import Buckets, CountedEvent, fold, read_state
from platform_assets.online.streaming.events import Scalar, decode_logged
from platform_assets.online.streaming.keys import log_key, seen_key, space_of, state_key
from platform_assets.online.streaming.taking import EventStore, Stream, Taken
from platform_assets.settings import Settings
from tests.unit.online.streaming.purchases import (
    NOON,
    NOW,
    PRODUCT,
    PURCHASES,
    purchase,
    ready,
    some_purchases,
    with_repeats,
)

STREAM = Stream(PRODUCT, PURCHASES)
SPACE = space_of(PRODUCT, PURCHASES)


def take(settings: Settings, *parts: Sequence[dict[str, Scalar]]) -> list[list[Taken]]:
    """Send parts at once, each through a store of its own."""

    async def send(events: Sequence[dict[str, Scalar]]) -> list[Taken]:
        store = EventStore(settings.online_url)
        try:
            return [
                each for at in range(0, len(events), 250) for each in await store.take(STREAM, events[at:][:250], NOW)
            ]
        finally:
            await store.close()

    async def all_at_once() -> list[list[Taken]]:
        return await asyncio.gather(*map(send, parts))

    return asyncio.run(all_at_once())


def held(settings: Settings, customer: str) -> Buckets:
    with connect(settings.online_url) as client:
        return read_state(client.get(state_key(SPACE, customer)))


def recount(events: Sequence[dict[str, Scalar]]) -> dict[str, Buckets]:
    """Return what the buckets of each customer hold."""
    by_customer: dict[str, dict[str, CountedEvent]] = defaultdict(dict)
    for sent in events:
        event = ready(sent)
        by_customer[event.entity][event.counted.event_id] = event.counted
    return {customer: fold(counted.values()) for customer, counted in by_customer.items()}


def plain_recount(events: Sequence[dict[str, Scalar]]) -> tuple[dict[str, int], dict[str, Decimal]]:
    """Count events and add up pounds per customer, sharing no code with what is tested."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for sent in events:
        counts[str(sent["customer_id"])] += 1
        sums[str(sent["customer_id"])] += Decimal(str(sent["amount"]))
    return counts, sums


def test_ten_thousand_shuffled_events_with_repeats_leave_no_counter_wrong(online_store: Settings) -> None:
    newest = [purchase(20_000 + number, at=NOON, customer=f"c{number}") for number in range(7)]
    late = [purchase(30_000 + n, at=NOON - dt.timedelta(hours=30), customer=f"c{n % 7}") for n in range(200)]
    distinct = some_purchases(9_993, seed=1)
    mixed = with_repeats([*distinct, *late], seed=2)
    ((*taken,),) = take(online_store, [*newest, *mixed])
    statuses = [each.status for each in taken]
    assert statuses.count("accepted") == 10_000
    assert {each.why for each in taken if each.status == "refused"} == {"too_late"}
    counts, sums = plain_recount([*newest, *distinct])
    for customer in counts:
        buckets = held(online_store, customer).values()
        assert sum(bucket.events for bucket in buckets) - counts[customer] == 0
        assert sum(bucket.sums[0] for bucket in buckets) - 1_000_000 * sums[customer] == 0
    assert {customer: held(online_store, customer) for customer in counts} == recount([*newest, *distinct])


def test_two_consumers_of_the_same_events_count_each_of_them_once(online_store: Settings) -> None:
    distinct = some_purchases(2_000, seed=3)
    one, other = with_repeats(distinct, seed=4), with_repeats(distinct, seed=5)
    taken = [each.status for part in take(online_store, one, other) for each in part]
    assert taken.count("accepted") == 2_000
    expected = recount(distinct)
    assert {customer: held(online_store, customer) for customer in expected} == expected


def test_an_event_older_than_what_is_kept_is_refused_and_counted_nowhere(online_store: Settings) -> None:
    newest = purchase(1, at=NOON)
    late = purchase(2, at=NOON - dt.timedelta(hours=24, seconds=1))
    ((first, second),) = take(online_store, [newest, late])
    assert (first.status, second.status, second.why) == ("accepted", "refused", "too_late")
    assert held(online_store, "c1") == recount([newest])["c1"]


def test_a_late_event_within_what_is_kept_counts_in_its_own_hour(online_store: Settings) -> None:
    events = [purchase(1, at=NOON), purchase(2, at=NOON - dt.timedelta(hours=23))]
    take(online_store, events)
    assert len(held(online_store, "c1")) == 2
    assert held(online_store, "c1") == recount(events)["c1"]


def test_what_is_kept_is_bounded_by_the_retention(online_store: Settings) -> None:
    days = [purchase(hour, at=NOON - dt.timedelta(hours=hour)) for hour in range(100, -1, -1)]
    take(online_store, days)
    with connect(online_store.online_url) as client:
        assert client.zcard(seen_key(SPACE, "c1")) == 25  # the newest one and 24 hours before it
    assert len(held(online_store, "c1")) == 25


MINUTES = st.lists(st.tuples(st.integers(0, 30 * 60), st.integers(0, 40)), min_size=1, max_size=25)


@given(MINUTES, st.randoms(use_true_random=False))
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_events_is_no_matter(
    online_store: Settings, told: list[tuple[int, int]], chance: random.Random
) -> None:
    """An id always comes with the same event; some are older than what is kept of the newest."""
    events = [
        purchase(number, at=NOON - dt.timedelta(minutes=ago), amount=ago / 7) for ago, number in dict(told).items()
    ]
    distinct = list({event["event_id"]: event for event in events}.values())
    outcomes = []
    for _ in range(2):
        order = [*distinct, *chance.sample(distinct, len(distinct) // 2)]
        chance.shuffle(order)
        with connect(online_store.online_url) as client:
            client.flushall()
        take(online_store, order)
        outcomes.append(held(online_store, "c1"))
    assert outcomes[0] == outcomes[1]


def test_every_accepted_event_is_in_the_log_once(online_store: Settings) -> None:
    distinct = some_purchases(300, seed=6)
    take(online_store, with_repeats(distinct, seed=7))
    with connect(online_store.online_url) as client:
        logged = [decode_logged(content) for _, content in read_batch(client, log_key(PRODUCT).decode(), "0-0", 1_000)]
    assert sorted(each.event_id for each in logged) == sorted(str(each["event_id"]) for each in distinct)


def test_while_the_store_is_away_nothing_is_acknowledged(tmp_path: Path) -> None:
    with pytest.raises(OnlineStoreUnavailableError):
        take(Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0"), [purchase(1, at=NOON)])
