"""The asynchronous reader on a real server: shared commands, bounded waits, recovery."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from platform_assets.errors import (
    OnlineStoreUnavailableError,
    SnapshotCorruptError,
    SnapshotMissingError,
)
from platform_assets.online.connection import connect
from platform_assets.online.layout import ViewLayout, build_manifest, row_prefix
from platform_assets.online.reader import OnlineReader
from platform_assets.online.server import ServerHandle, start_embedded, stop_embedded
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings

MANIFEST = build_manifest(
    "churn_v1", [ViewLayout(name="orders", join_keys=("customer_id",), columns=("n",), max_age_seconds=100.0)]
)


def publish(settings: Settings) -> None:
    client = connect(settings.online_url)
    table = KeySetTable(
        key_columns=[range(200)], event_times=np.arange(200.0)[:, None], values=np.arange(200.0)[:, None]
    )
    publish_snapshot(client, MANIFEST, [table], as_of=1.0, snapshot_id="s1", settings=settings)
    client.close()


@pytest.fixture
def published(online_store: Settings) -> Settings:
    publish(online_store)
    return online_store


@pytest.fixture
def own_server(tmp_path: Path, own_port: int) -> Iterator[tuple[Settings, ServerHandle]]:
    settings = Settings(home=tmp_path, redis_port=own_port, fsync=False)
    handle = start_embedded(settings, die_with_parent=True)
    publish(settings)
    yield settings, handle
    stop_embedded(settings)


async def one_value(reader: OnlineReader, key: int) -> float:
    rows = await reader.read("churn_v1", [[str(key)]])
    return float(rows.values[0][0, 0])


def test_concurrent_reads_get_their_own_rows_by_few_commands(published: Settings) -> None:
    async def read_many() -> tuple[list[float], int]:
        async with OnlineReader(published.online_url, timeout_s=5.0) as reader:
            await one_value(reader, 0)
            client = connect(published.online_url)
            client.config_resetstat()
            values = await asyncio.gather(*(one_value(reader, key) for key in range(200)))
            calls = client.info("commandstats")["cmdstat_mget"]["calls"]  # type: ignore[index]
            client.close()
            return values, int(calls)

    values, calls = asyncio.run(read_many())
    assert values == [float(key) for key in range(200)]
    assert calls <= 2


def test_a_damaged_row_fails_only_the_read_that_asked_for_it(published: Settings) -> None:
    client = connect(published.online_url)
    client.set(row_prefix("churn_v1", "a", 0) + b"7", b"damaged")
    client.close()

    async def read_both() -> tuple[object, object]:
        async with OnlineReader(published.online_url, timeout_s=5.0) as reader:
            return await asyncio.gather(one_value(reader, 7), one_value(reader, 8), return_exceptions=True)

    damaged, whole = asyncio.run(read_both())
    assert isinstance(damaged, SnapshotCorruptError)
    assert whole == 8.0


def test_a_wrong_number_of_key_sets_is_refused_alone(published: Settings) -> None:
    async def read_both() -> tuple[object, object]:
        async with OnlineReader(published.online_url, timeout_s=5.0) as reader:
            wrong = reader.read("churn_v1", [["1"], ["1"]])
            return await asyncio.gather(wrong, one_value(reader, 8), return_exceptions=True)

    refused, value = asyncio.run(read_both())
    assert isinstance(refused, SnapshotCorruptError)
    assert value == 8.0


def test_rows_older_than_their_view_allows_are_marked_stale(published: Settings) -> None:
    async def read() -> list[list[bool]]:
        async with OnlineReader(published.online_url, timeout_s=5.0) as reader:
            rows = await reader.read("churn_v1", [["20", "150", "unknown"]])
            return list(rows.stale_views(at=200.0).tolist())

    assert asyncio.run(read()) == [[True], [False], [False]]


def test_an_unpublished_service_is_missing_and_has_no_pointer(published: Settings) -> None:
    async def read() -> None:
        async with OnlineReader(published.online_url, timeout_s=5.0) as reader:
            assert await reader.pointer("nothing_v1") is None
            with pytest.raises(SnapshotMissingError):
                await reader.read("nothing_v1", [["1"]])

    asyncio.run(read())


def test_reads_that_are_under_way_end_with_an_error_when_the_reader_is_closed(published: Settings) -> None:
    async def read_and_close() -> object:
        reader = OnlineReader(published.online_url, timeout_s=5.0)
        reading = asyncio.create_task(one_value(reader, 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await reader.close()
        return (await asyncio.gather(reading, return_exceptions=True))[0]

    assert isinstance(asyncio.run(read_and_close()), OnlineStoreUnavailableError)


def test_a_hung_server_costs_the_budget_and_reads_work_again_afterwards(
    own_server: tuple[Settings, ServerHandle],
) -> None:
    settings, handle = own_server
    assert handle.pid is not None

    async def read(pid: int) -> tuple[int, float, float]:
        async with OnlineReader(settings.online_url, timeout_s=0.05) as reader:
            while True:  # the very first read of a busy machine may exceed 50 ms
                try:
                    await one_value(reader, 3)
                    break
                except OnlineStoreUnavailableError:
                    continue
            os.kill(pid, signal.SIGSTOP)
            began = time.process_time()
            answers = await asyncio.gather(*(one_value(reader, key) for key in range(50)), return_exceptions=True)
            spent = time.process_time() - began
            os.kill(pid, signal.SIGCONT)
            failures = sum(isinstance(answer, OnlineStoreUnavailableError) for answer in answers)
            while True:
                try:
                    return failures, spent, await one_value(reader, 3)
                except OnlineStoreUnavailableError:
                    continue

    failures, processor_s, value = asyncio.run(asyncio.wait_for(read(handle.pid), 60))
    assert failures == 50
    assert processor_s < 1.0  # waiting, not spinning
    assert value == 3.0


def test_reads_work_again_after_the_server_was_restarted(own_server: tuple[Settings, ServerHandle]) -> None:
    settings, _ = own_server

    async def read() -> tuple[float, object, float]:
        async with OnlineReader(settings.online_url, timeout_s=2.0) as reader:
            before = await one_value(reader, 5)
            await asyncio.to_thread(stop_embedded, settings)
            away = (await asyncio.gather(one_value(reader, 5), return_exceptions=True))[0]
            await asyncio.to_thread(start_embedded, settings)
            return before, away, await one_value(reader, 5)

    before, away, after = asyncio.run(read())
    assert (before, after) == (5.0, 5.0)
    assert isinstance(away, OnlineStoreUnavailableError)
