"""Accepted events reach the lake once, and from there the store when it has lost them."""

import asyncio
import datetime as dt
from collections.abc import Sequence

import pytest

from platform_assets.contract.product import Product
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.monitoring.streaming import event_log
from platform_assets.monitoring.streaming.event_log import drain_events, event_log_dir, has_events
from platform_assets.monitoring.streaming.rebuild import rebuild_states
from platform_assets.online.connection import connect
from platform_assets.online.streaming.bases import read_states
from platform_assets.online.streaming.buckets import Buckets
from platform_assets.online.streaming.events import Moment, Scalar
from platform_assets.online.streaming.keys import log_key, space_of
from platform_assets.online.streaming.taking import EventStore, Stream
from platform_assets.settings import Settings
from tests.integration.streaming_endpoint import PRODUCT, declared, reading
from tests.unit.serving.conftest import product_named

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def ledger(online_store: Settings) -> Ledger:
    return open_ledger(online_store.ledger_dsn)


def product() -> Product:
    return product_named(PRODUCT)


def accept(settings: Settings, events: Sequence[dict[str, Scalar]]) -> None:
    async def send() -> None:
        store = EventStore(settings.online_url)
        await store.take(Stream(PRODUCT, declared()), events, Moment(1.0, 1e11))
        await store.close()

    asyncio.run(send())


def readings(first: int, count: int) -> list[dict[str, Scalar]]:
    return [reading(n, 480 + n % 500, 100 + n, bay=f"bay-{n % 3}") for n in range(first, first + count)]


def states(settings: Settings) -> dict[str, Buckets]:
    with connect(settings.online_url) as client:
        return read_states(client, space_of(PRODUCT, declared()))


def drained_ids(settings: Settings) -> list[str]:
    ids: list[str] = read_table(event_log_dir(settings), columns=["event_id"]).column("event_id").to_pylist()
    return sorted(ids)


def test_every_accepted_event_is_in_the_lake_once_and_leaves_the_stream(online_store: Settings, ledger: Ledger) -> None:
    accept(online_store, readings(0, 40))
    accept(online_store, readings(20, 40))
    told = drain_events(online_store, ledger, [PRODUCT], at=NOW)
    assert (told.rows, told.repeated, told.unreadable) == (60, 0, 0)
    assert drained_ids(online_store) == sorted(f"r{n}" for n in range(60))
    with connect(online_store.online_url) as client:
        assert not has_events(client, PRODUCT)
    assert drain_events(online_store, ledger, [PRODUCT], at=NOW).rows == 0


def test_a_drain_that_dies_before_it_trims_repeats_nothing(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    accept(online_store, readings(0, 30))
    with monkeypatch.context() as patched:
        patched.setattr(event_log, "trim", die)
        with pytest.raises(Killed):
            drain_events(online_store, ledger, [PRODUCT], at=NOW)
    accept(online_store, readings(30, 10))
    told = drain_events(online_store, ledger, [PRODUCT], at=NOW)
    assert (told.rows, told.repeated) == (10, 30)
    assert drained_ids(online_store) == sorted(f"r{n}" for n in range(40))


def test_an_entry_that_nobody_can_read_is_set_aside(online_store: Settings, ledger: Ledger) -> None:
    with connect(online_store.online_url) as client:
        client.xadd(log_key(PRODUCT), {"entries": b"\xff"})
    accept(online_store, readings(0, 1))
    told = drain_events(online_store, ledger, [PRODUCT], at=NOW)
    assert (told.rows, told.unreadable) == (1, 1)
    assert len(list((online_store.lake_dir / "events_unreadable").iterdir())) == 1


def test_what_a_flush_of_the_store_lost_is_counted_again_from_the_log(online_store: Settings, ledger: Ledger) -> None:
    accept(online_store, readings(0, 120))
    before = states(online_store)
    assert sum(bucket.events for buckets in before.values() for bucket in buckets.values()) == 120
    drain_events(online_store, ledger, [PRODUCT], at=NOW)
    with connect(online_store.online_url) as client:
        client.flushall()
    accept(online_store, readings(120, 5))
    told = rebuild_states(online_store, ledger, product(), declared(), at=NOW)
    assert (told.events, told.restored, told.unusable) == (125, 120, 0)
    accept(online_store, readings(0, 125))  # all of them are known again
    after = states(online_store)
    assert sum(bucket.events for buckets in after.values() for bucket in buckets.values()) == 125
    assert rebuild_states(online_store, ledger, product(), declared(), at=NOW).restored == 0


def test_without_any_event_there_is_nothing_to_rebuild(online_store: Settings, ledger: Ledger) -> None:
    told = rebuild_states(online_store, ledger, product(), declared(), at=NOW)
    assert (told.events, told.restored) == (0, 0)
