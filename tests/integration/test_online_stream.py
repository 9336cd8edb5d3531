"""The prediction log with a real server that comes and goes: nothing acknowledged is lost, and order holds."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from platform_assets.online.connection import connect
from platform_assets.online.log_writer import LogWriter
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.online.spool import spooled
from platform_assets.online.stream import append_batch, read_batch, take_over, trim
from platform_assets.settings import Settings

STREAM = "log:predictions"


@pytest.fixture
def settings(tmp_path: Path, own_port: int) -> Iterator[Settings]:
    own = Settings(home=tmp_path, redis_port=own_port)
    yield own
    stop_embedded(own)


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    start_embedded(settings, die_with_parent=True)
    connected = connect(settings.online_url)
    yield connected
    connected.close()


def entries(start: int, end: int) -> list[bytes]:
    return [f"prediction-{number}".encode() for number in range(start, end)]


def everything(client: redis.Redis) -> list[bytes]:
    return [entry for _, entry in read_batch(client, STREAM, "0-0", 100_000)]


def wait_until_empty(writer: LogWriter) -> None:
    while writer.counts.spooled or writer.counts.waiting:
        threading.Event().wait(0.02)


def test_entries_arrive_in_order(client: redis.Redis, settings: Settings) -> None:
    writer = LogWriter(settings.online_url, settings.spool_dir, timeout_s=2.0)
    for start in range(0, 3000, 100):
        writer.append(entries(start, start + 100))
    assert writer.flush()
    assert everything(client) == entries(0, 3000)
    assert writer.close()
    assert spooled(settings.spool_dir) == []


def test_entries_of_an_outage_are_brought_back_in_order_before_later_ones(
    client: redis.Redis, settings: Settings
) -> None:
    writer = LogWriter(settings.online_url, settings.spool_dir, timeout_s=2.0)
    writer.append(entries(0, 10))
    assert writer.flush()
    stop_embedded(settings)
    writer.append(entries(10, 20))
    assert writer.flush()
    writer.append(entries(20, 30))
    assert writer.flush()
    assert writer.counts.spooled == 20
    start_embedded(settings, die_with_parent=True)
    wait_until_empty(writer)
    writer.append(entries(30, 40))
    assert writer.close()
    assert everything(client) == entries(0, 40)
    assert spooled(settings.spool_dir) == []


def test_entries_reach_the_spool_while_the_server_hangs(client: redis.Redis, settings: Settings) -> None:
    pid = start_embedded(settings).pid
    assert pid is not None
    writer = LogWriter(settings.online_url, settings.spool_dir, timeout_s=0.1)
    os.kill(pid, signal.SIGSTOP)
    writer.append(entries(0, 10))
    assert writer.flush()
    assert writer.counts.spooled == 10
    os.kill(pid, signal.SIGCONT)
    wait_until_empty(writer)
    assert writer.close()
    assert list(dict.fromkeys(everything(client))) == entries(0, 10)  # a lost answer may repeat entries


def test_the_spool_of_a_killed_process_is_taken_over_and_that_of_a_living_one_is_not(
    client: redis.Redis, settings: Settings
) -> None:
    program = (
        "import sys, pathlib, time\n"
        "from platform_assets.online.log_writer import LogWriter\n"
        "writer = LogWriter('redis://127.0.0.1:1/0', pathlib.Path(sys.argv[1]))\n"
        "writer.append([f'prediction-{n}'.encode() for n in range(25)])\n"
        "print(writer.flush(), flush=True)\n"
        "time.sleep(600)\n"
    )
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", program, str(settings.spool_dir)], stdout=subprocess.PIPE, cwd=root, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert take_over(client, STREAM, settings.spool_dir) == 0
        process.kill()
    assert len(spooled(settings.spool_dir)) == 1
    assert take_over(client, STREAM, settings.spool_dir) == 25
    assert everything(client) == entries(0, 25)
    assert spooled(settings.spool_dir) == []


def test_a_drain_reads_after_an_id_and_trims_up_to_it(client: redis.Redis) -> None:
    for start, end in ((0, 4), (4, 7), (7, 10)):
        append_batch(client, STREAM, entries(start, end))
    first = read_batch(client, STREAM, "0-0", 4)
    rest = read_batch(client, STREAM, first[-1][0], 100)
    assert [entry for _, entry in first + rest] == entries(0, 10)
    assert trim(client, STREAM, first[-1][0]) == 1
    assert everything(client) == entries(4, 10)
    assert trim(client, STREAM, rest[-1][0]) == 2
    assert read_batch(client, STREAM, rest[-1][0], 10) == []


def test_a_message_is_read_whole_however_few_entries_are_wanted(client: redis.Redis) -> None:
    append_batch(client, STREAM, entries(0, 250))
    assert [entry for _, entry in read_batch(client, STREAM, "0-0", 1)] == entries(0, 100)
    assert [entry for _, entry in read_batch(client, STREAM, "0-0", 101)] == entries(0, 200)


def test_entries_beyond_the_capacity_are_refused_as_a_whole_and_counted(tmp_path: Path) -> None:
    writer = LogWriter("redis://127.0.0.1:1/0", tmp_path, capacity=5)
    writer.append(entries(0, 6))
    assert writer.counts.refused == 6
    assert writer.close()


def test_entries_stay_in_memory_while_neither_the_stream_nor_the_disk_takes_them(tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("a file where the directory should be")
    writer = LogWriter("redis://127.0.0.1:1/0", blocked, pause_s=0.01)
    writer.append(entries(0, 3))
    assert not writer.flush(0.2)
    assert writer.counts.waiting == 3
    blocked.unlink()
    assert writer.close()
    assert writer.counts.spooled == 3
