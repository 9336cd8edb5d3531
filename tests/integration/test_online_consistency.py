"""A reader beside publications, rollbacks and a killed writer: every answer is of one snapshot."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np

from platform_assets.errors import SnapshotBusyError
from platform_assets.online.connection import connect
from platform_assets.online.layout import ViewLayout, build_manifest, other, row_prefix
from platform_assets.online.reader import OnlineReader
from platform_assets.online.slot_rows import Pace
from platform_assets.online.slots import read_meta, read_pointer
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import PublishedSnapshot, publish_snapshot, rollback
from platform_assets.settings import Settings

N_ROWS = 3000
PACE = Pace(rows_per_command=50, commands_per_pause=2, pause_s=0.002, lease_ms=500)
MANIFEST = build_manifest(
    "churn_v1", [ViewLayout(name="orders", join_keys=("customer_id",), columns=("n_orders", "revenue_gbp"))]
)


def publish_number(settings: Settings, number: int, pace: Pace = PACE) -> PublishedSnapshot:
    """Publish a snapshot in which every value and event time is its number."""
    client = connect(settings.online_url)
    table = KeySetTable(
        key_columns=[np.arange(N_ROWS)],
        event_times=np.full((N_ROWS, 1), float(number)),
        values=np.full((N_ROWS, 2), float(number)),
    )
    try:
        return publish_snapshot(
            client, MANIFEST, [table], as_of=float(number), snapshot_id=f"s{number}", settings=settings, pace=pace
        )
    finally:
        client.close()


async def read_until(done: asyncio.Event, url: str) -> tuple[int, int]:
    """Return how many reads were made, and how many held anything but the rows of their own snapshot."""
    reads = mixed = 0
    async with OnlineReader(url, timeout_s=5.0) as reader:
        while not done.is_set():
            start = reads * 37 % (N_ROWS - 20)
            rows = await reader.read("churn_v1", [[str(i) for i in range(start, start + 20)]])
            expected = float(rows.pointer.snapshot_id.removeprefix("s"))
            is_whole = bool((rows.values[0] == expected).all() and (rows.event_times[0] == expected).all())
            reads, mixed = reads + 1, mixed + (not is_whole)
    return reads, mixed


def killed_writer(settings: Settings, number: int) -> None:
    """Publish in another process and kill it when part of the standby slot is written."""
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "from test_online_consistency import publish_number, Pace, Settings\n"
        "settings = Settings(home=pathlib.Path(sys.argv[2]), redis_url=sys.argv[3], fsync=False)\n"
        "publish_number(settings, int(sys.argv[4]), Pace(20, 1, 0.02, lease_ms=500))\n"
    )
    folder = Path(__file__).parent
    client = connect(settings.online_url)
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), str(settings.home), settings.online_url, str(number)],
        cwd=folder.parent.parent,
        env={"PYTHONPATH": str(folder.parent.parent)},
    )
    try:
        live = read_pointer(client, "churn_v1")
        assert live is not None
        standby = other(live.slot)
        probe = row_prefix("churn_v1", standby, 0) + b"1005"  # the sixth row in key order: written in the first command
        while client.getrange(probe, 8, 15) != np.float64(number).tobytes():
            assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
    meta = read_meta(client, "churn_v1", standby)
    assert meta is not None
    assert meta.state == "dirty"
    assert read_pointer(client, "churn_v1") == live
    client.close()


def publish_when_free(settings: Settings, number: int) -> PublishedSnapshot:
    """Publish as soon as the lease of a dead writer has run out."""
    while True:
        try:
            return publish_number(settings, number)
        except SnapshotBusyError:
            continue


async def change_and_read(settings: Settings) -> tuple[int, int]:
    done = asyncio.Event()
    reading = asyncio.create_task(read_until(done, settings.online_url))
    client = connect(settings.online_url)
    for number in range(2, 7):
        await asyncio.to_thread(publish_number, settings, number)
    await asyncio.to_thread(rollback, client, "churn_v1", settings=settings)
    await asyncio.to_thread(publish_number, settings, 7)
    await asyncio.to_thread(killed_writer, settings, 8)
    retried = await asyncio.to_thread(publish_when_free, settings, 9)
    done.set()
    client.close()
    assert retried.was_rebuilt
    return await reading


def test_no_read_mixes_snapshots_while_they_are_published_rolled_back_and_interrupted(online_store: Settings) -> None:
    publish_number(online_store, 1)
    reads, mixed = asyncio.run(change_and_read(online_store))
    assert reads > 50
    assert mixed == 0
