"""The endpoint on a real online store: what it reads, and what it answers when the store is flushed, hung or away."""

import datetime as dt
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import redis

from platform_assets.clock import BusinessClock
from platform_assets.contract.names import last_batch_service
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest, ViewLayout, build_manifest
from platform_assets.online.reader import OnlineReader
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.serving.batch_copies import BatchCopies
from platform_assets.serving.journal import Journal
from platform_assets.serving.parts import assemble
from platform_assets.serving.releases import Releases
from platform_assets.serving.store_batches import BATCH_COLUMNS, StoreBatches
from platform_assets.serving.store_features import StoreFeatures
from platform_assets.serving.wire import Answer, Answers, PredictRequest
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.unit.serving.conftest import (
    AS_OF,
    WALL,
    Endpoint,
    MemoryBatches,
    MemoryFeatures,
    MemoryLog,
    Publisher,
    product_named,
)
from tests.unit.serving.conftest import feature_layout as layout_of

pytestmark = pytest.mark.anyio

TARGET = dt.datetime(2011, 12, 9, 12, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(online_store: Settings) -> Iterator[redis.Redis]:
    client = connect(online_store.online_url)
    yield client
    client.close()


@pytest.fixture
async def endpoint(online_store: Settings) -> AsyncIterator[Endpoint]:
    async with OnlineReader(online_store.online_url, timeout_s=1.0) as reader:
        yield over(reader, online_store)


def over(reader: OnlineReader, settings: Settings) -> Endpoint:
    publisher, log = Publisher(settings.home), MemoryLog()
    parts = assemble(
        releases=Releases(home=settings.home, releases_dir=settings.releases_dir),
        features=StoreFeatures(reader),
        batches=StoreBatches(reader, BatchCopies(settings)),
        journal=Journal(log),
        clock=BusinessClock("replay"),
        wall=lambda: WALL,
    )
    return Endpoint(publisher, MemoryFeatures(), MemoryBatches(), log, parts)


def table(layout: Manifest, number: int, *keys: object, value: float) -> KeySetTable:
    key_set = layout.key_sets[number]
    return KeySetTable(
        key_columns=[[key] for key in keys],
        event_times=np.full((1, len(key_set.views)), AS_OF.timestamp()),
        values=np.arange(len(key_set.columns), dtype=np.float64)[np.newaxis, :] + value,
    )


def publish_customers(store: redis.Redis, settings: Settings, *, product: str = "churn", value: float = 0.5) -> None:
    layout = layout_of(product_named(product))
    tables = [table(layout, 0, "13085", value=value)]
    publish_snapshot(store, layout, tables, as_of=AS_OF.timestamp(), snapshot_id=f"snap-{value}", settings=settings)


def publish_batch(store: redis.Redis, settings: Settings, *, entity: str = "13085") -> None:
    view = ViewLayout(name="last_batch", join_keys=("customer_id",), columns=BATCH_COLUMNS)
    batch_as_of = AS_OF.timestamp() - 86_400.0
    rows = KeySetTable(
        key_columns=[[entity]],
        event_times=np.array([[batch_as_of]]),
        values=np.array([[0.31, 0.02, batch_as_of, 7.0]]),
    )
    layout = build_manifest(last_batch_service("churn"), [view])
    publish_snapshot(store, layout, [rows], as_of=batch_as_of, snapshot_id="batch-1", settings=settings)


async def ask(endpoint: Endpoint, **body: object) -> list[Answer]:
    answers = await endpoint.parts.heart.predict(msgspec.convert(body, PredictRequest), request_id="r")
    assert isinstance(answers, Answers)
    return answers.predictions


async def test_the_stored_features_reach_the_model_bit_by_bit_and_in_declared_order(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    publish_customers(store, online_store, value=0.1)
    known, unknown = await ask(endpoint, product="churn", entities=["13085", "99999"])
    entry = endpoint.log.entries[0]
    width = len(product_named("churn").stored_columns)
    assert entry.features == (np.arange(width, dtype=np.float64) + 0.1).tolist()
    assert (entry.snapshot_id, entry.snapshot_epoch, known.as_of) == ("snap-0.1", 1, AS_OF)
    assert (known.fallback, known.age_seconds) == ("none", 0.0)
    assert (unknown.fallback, unknown.reason) == ("default_score", "unknown_entity")


async def test_a_car_park_is_looked_up_by_its_key_and_by_its_half_hour_in_one_answer(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("parking_demand")
    await endpoint.parts.refresh()
    layout = layout_of(product_named("parking_demand"))
    tables = [table(layout, 0, "bay-1", value=0.2), table(layout, 1, "bay-1", 25, value=0.3)]
    publish_snapshot(store, layout, tables, as_of=AS_OF.timestamp(), snapshot_id="s", settings=online_store)
    rows = [{"parking_bay_id": "bay-1", "target_at": (TARGET + dt.timedelta(minutes=m)).isoformat()} for m in (0, 30)]
    both, half = await ask(endpoint, product="parking_demand", rows=rows)
    assert (both.fallback, both.missing_features) == ("none", ())
    assert (half.fallback, half.missing_features) == ("none", ("parking_slot_history",))
    recent, history = (len(key_set.columns) for key_set in layout.key_sets)
    assert endpoint.log.entries[0].features[recent:] == (np.arange(history, dtype=np.float64) + 0.3).tolist()


async def test_a_flushed_store_answers_by_fallback_and_recovers_with_the_next_snapshot(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    publish_customers(store, online_store)
    await ask(endpoint, product="churn", entities=["13085"])
    store.flushall()
    publish_batch(store, online_store)
    (flushed,) = await ask(endpoint, product="churn", entities=["13085"])
    publish_customers(store, online_store)
    (recovered,) = await ask(endpoint, product="churn", entities=["13085"])
    assert (flushed.fallback, flushed.reason, flushed.score) == ("last_batch", "snapshot_missing", 0.31)
    two_days = 2 * 86_400.0  # without a snapshot the business instant is the pinned end of the data
    assert (flushed.model_version, flushed.age_seconds) == (7, two_days)
    assert recovered.fallback == "none"


async def test_an_unknown_customer_gets_the_last_batch_from_the_store(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    publish_customers(store, online_store)
    publish_batch(store, online_store, entity="new|one")
    found, absent = await ask(endpoint, product="churn", entities=["new|one", "nobody"])
    assert (found.fallback, found.score, found.uncertainty) == ("last_batch", 0.31, 0.02)
    assert absent.fallback == "default_score"


async def test_a_snapshot_of_other_columns_than_the_model_was_trained_on_is_not_used(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    declared = layout_of(product_named("churn"))
    (view,) = declared.views
    other = build_manifest(declared.service, [msgspec.structs.replace(view, columns=view.columns[:-1])])
    rows = [table(other, 0, "13085", value=1.0)]
    publish_snapshot(store, other, rows, as_of=AS_OF.timestamp(), snapshot_id="s", settings=online_store)
    (answer,) = await ask(endpoint, product="churn", entities=["13085"])
    assert (answer.fallback, answer.reason) == ("default_score", "snapshot_mismatch")


async def test_a_corrupt_value_is_not_used(endpoint: Endpoint, store: redis.Redis, online_store: Settings) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    publish_customers(store, online_store)
    for key in store.scan_iter(match="snap:*:13085"):
        store.set(key, b"short")
    (answer,) = await ask(endpoint, product="churn", entities=["13085"])
    assert (answer.fallback, answer.reason) == ("default_score", "snapshot_corrupt")


async def test_an_order_of_a_known_customer_is_scored_with_features_of_the_customer(
    endpoint: Endpoint, store: redis.Redis, online_store: Settings
) -> None:
    endpoint.publisher.publish("cancellation_risk")
    await endpoint.parts.refresh()
    publish_customers(store, online_store, product="cancellation_risk", value=2.0)
    live = endpoint.parts.releases.current("cancellation_risk")
    row = {**live.schema.example, "customer_id": "13085"}
    (answer,) = await ask(endpoint, product="cancellation_risk", rows=[row])
    assert (answer.fallback, answer.reason, answer.missing_features) == ("none", None, ())


async def test_a_store_that_is_away_ends_in_the_fallback_and_not_in_an_error(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    async with OnlineReader(settings.online_url) as reader:
        endpoint = over(reader, settings)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        answers = await ask(endpoint, product="churn", entities=["1", "2"])
    assert {(answer.fallback, answer.reason) for answer in answers} == {("default_score", "online_store_unavailable")}


async def test_a_store_that_is_lost_still_ends_in_the_last_batch_from_its_copy_on_disk(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    start_embedded(settings, die_with_parent=True)
    with connect(settings.online_url) as store:
        publish_batch(store, settings)
    stop_embedded(settings)
    async with OnlineReader(settings.online_url) as reader:
        endpoint = over(reader, settings)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        found, absent, alike = await ask(endpoint, product="churn", entities=["13085", "99999", "13085\0"])
    assert (found.fallback, found.score, found.model_version) == ("last_batch", 0.31, 7)
    assert found.reason == "online_store_unavailable"
    assert absent.fallback == alike.fallback == "default_score"


async def test_a_hung_store_ends_in_the_fallback_and_recovers_when_it_goes_on(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    pid = start_embedded(settings, die_with_parent=True).pid
    assert pid is not None
    try:
        with connect(settings.online_url) as store:
            publish_customers(store, settings)
        async with OnlineReader(settings.online_url) as reader:
            endpoint = over(reader, settings)
            endpoint.publisher.publish("churn")
            await endpoint.parts.refresh()
            os.kill(pid, signal.SIGSTOP)
            (hung,) = await ask(endpoint, product="churn", entities=["13085"])
            os.kill(pid, signal.SIGCONT)
            well = await _answered(endpoint)
    finally:
        os.kill(pid, signal.SIGCONT)
        stop_embedded(settings)
    assert (hung.fallback, hung.reason) == ("default_score", "online_store_unavailable")
    assert well.fallback == "none"


async def _answered(endpoint: Endpoint) -> Answer:
    """Ask until the store is read again, at most 50 times: a busy machine may need more than one budget."""
    for _ in range(50):
        (answer,) = await ask(endpoint, product="churn", entities=["13085"])
        if answer.fallback == "none":
            break
    return answer
