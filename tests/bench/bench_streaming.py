"""What streamed features cost: per event, per read of a car park, and for products that take in none."""

import asyncio
import datetime as dt
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import numpy as np

from platform_assets.clock import epoch_seconds
from platform_assets.online.connection import connect
from platform_assets.online.reader import OnlineReader
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.online.streaming.bases import write_bases
from platform_assets.online.streaming.buckets import Base, CountedEvent, base_of, bucket_of, fold
from platform_assets.online.streaming.events import Moment
from platform_assets.online.streaming.refresh import Stored, refresh
from platform_assets.online.streaming.taking import EventStore, Stream
from platform_assets.serving.streamed_view import keys_beside, read_told, streamed_view
from platform_assets.settings import Settings
from tests.integration.streaming_endpoint import BAY, MIDNIGHT, PRODUCT, declared, reading
from tests.unit.serving.conftest import feature_layout, product_named

READS, ROUNDS, EVENTS = 1_000, 7, 2_000


async def microseconds(call: Callable[[], Awaitable[object]]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    for _ in range(READS):
        await call()
    return (time.perf_counter() - start) / READS * 1e6


def base() -> Base:
    """Return what the batch knows of three weeks of readings."""
    slots = [
        MIDNIGHT - dt.timedelta(days=day) + dt.timedelta(minutes=480 + 30 * n)
        for day in range(1, 22)
        for n in range(18)
    ]
    instants = map(epoch_seconds, slots)
    events = [CountedEvent("", at, bucket_of(declared(), at), (0.5, 1000.0)) for at in instants]
    return base_of(declared(), fold(events), epoch_seconds(MIDNIGHT))


async def measure(settings: Settings) -> None:
    """Print all figures; only the ratios mean anything on a busy machine."""
    product, layout = product_named(PRODUCT), feature_layout(product_named(PRODUCT))
    view = streamed_view(product, layout)
    assert view is not None
    with connect(settings.online_url) as store:
        tables = [
            KeySetTable(
                key_columns=[[key] for key in keys],
                event_times=np.full((1, 1), 0.0),
                values=np.zeros((1, len(key_set.columns))),
            )
            for key_set, keys in zip(layout.key_sets, ((BAY,), (BAY, 26)), strict=True)
        ]
        publish_snapshot(store, layout, tables, as_of=epoch_seconds(MIDNIGHT), snapshot_id="s", settings=settings)
        write_bases(store, view.space, {BAY: base()})
    events = EventStore(settings.online_url)
    start = time.perf_counter()
    sent = [reading(n, 480 + n % 480, n % 1000) for n in range(EVENTS)]
    await events.take(Stream(PRODUCT, declared()), sent, Moment(0.0, 1e11))
    print(f"{EVENTS} events: {(time.perf_counter() - start) / EVENTS * 1e6:.0f} us each")
    await events.close()
    keys, beside = [[BAY], [f"{BAY}|26"]], keys_beside(view, [BAY])
    async with OnlineReader(settings.online_url, timeout_s=1.0) as reader:
        _, raw = await reader.read_beside(layout.service, keys, beside)

        async def told() -> None:
            _, found = await reader.read_beside(layout.service, keys, beside)
            (entity,) = read_told(found)
            held = Stored(0.0, epoch_seconds(MIDNIGHT), dict.fromkeys(declared().refreshed, 0.0))
            assert refresh(declared(), entity.state, entity.base, held, epoch_seconds(MIDNIGHT) + 60_000)

        plain, streamed = [], []
        for _ in range(ROUNDS):
            plain.append(await microseconds(lambda: reader.read(layout.service, keys)))
            streamed.append(await microseconds(told))
    sizes = [len(each or b"") for each in raw]
    print(f"stored per car park: {sizes[0]} bytes of state, {sizes[1]} bytes of base")
    print(f"read: plain {median(plain):.0f} us, refreshed {median(streamed):.0f} us, ", end="")
    print(f"ratio {median(b / a for a, b in zip(plain, streamed, strict=True)):.2f}")


def main() -> None:
    """Measure on a store of its own."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as home:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        settings = Settings(home=Path(home), redis_port=port, fsync=False)
        start_embedded(settings, die_with_parent=True)
        try:
            asyncio.run(measure(settings))
        finally:
            stop_embedded(settings)


if __name__ == "__main__":
    main()
