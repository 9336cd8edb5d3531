"""The embedded server: one per home, found again, ended cleanly, never confused with another."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.errors import PortTakenError, ServiceFailedError
from platform_assets.online.connection import connect
from platform_assets.online.server import ServerHandle, embedded_pid, is_alive, start_embedded, stop_embedded
from platform_assets.settings import Settings
from tests.conftest import kill


@pytest.fixture
def settings(tmp_path: Path, own_port: int) -> Iterator[Settings]:
    own = Settings(home=tmp_path, redis_port=own_port)
    yield own
    stop_embedded(own)


def start_in_step(
    settings: Settings, barrier: "multiprocessing.synchronize.Barrier", seen: "multiprocessing.Queue[ServerHandle]"
) -> None:
    barrier.wait()
    seen.put(start_embedded(settings))


def test_two_starters_at_once_start_one_server(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, seen = context.Barrier(2), context.Queue()
    starters = [context.Process(target=start_in_step, args=(settings, barrier, seen)) for _ in range(2)]
    for starter in starters:
        starter.start()
    handles = [seen.get(timeout=60) for _ in starters]
    for starter in starters:
        starter.join()
    seen.close()
    assert handles[0].pid == handles[1].pid == embedded_pid(settings)
    assert sorted(handle.was_started for handle in handles) == [False, True]


def test_a_restart_keeps_the_data(settings: Settings) -> None:
    start_embedded(settings, die_with_parent=True)
    client = connect(settings.online_url)
    client.set("kept", "yes")
    client.close()
    assert stop_embedded(settings)
    assert not is_alive(settings.online_url)
    start_embedded(settings, die_with_parent=True)
    client = connect(settings.online_url)
    assert client.get("kept") == b"yes"
    client.close()


def test_a_killed_server_is_started_again_with_what_it_acknowledged(settings: Settings) -> None:
    first = start_embedded(settings, die_with_parent=True)
    client = connect(settings.online_url)
    client.set("kept", "yes")
    assert first.pid is not None
    kill(first.pid)
    second = start_embedded(settings, die_with_parent=True)
    assert second.was_started
    assert client.get("kept") == b"yes"
    client.close()


def test_a_server_that_lost_its_record_is_found_by_its_data_directory(settings: Settings) -> None:
    first = start_embedded(settings, die_with_parent=True)
    (settings.run_dir / "redis.json").unlink()
    found = start_embedded(settings)
    assert (found.pid, found.was_started) == (first.pid, False)


def test_a_record_whose_process_id_was_given_to_another_process_names_no_server(settings: Settings) -> None:
    settings.run_dir.mkdir(parents=True)
    (settings.run_dir / "redis.json").write_text(f'{{"pid": {os.getpid()}, "port": 1, "start_mark": "another"}}')
    assert embedded_pid(settings) is None
    assert not stop_embedded(settings)


def test_a_hung_server_can_be_stopped(settings: Settings) -> None:
    handle = start_embedded(settings, die_with_parent=True)
    assert handle.pid is not None
    os.kill(handle.pid, signal.SIGSTOP)
    assert stop_embedded(settings)
    assert embedded_pid(settings) is None


def test_a_port_of_another_program_is_named_in_the_error(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.redis_port))
        other.listen()
        with pytest.raises(PortTakenError, match="PLATFORM_REDIS_PORT"):
            start_embedded(settings)


def test_the_server_of_another_home_is_not_taken_for_ours(settings: Settings, tmp_path: Path) -> None:
    start_embedded(settings, die_with_parent=True)
    with pytest.raises(PortTakenError, match="Redis server of"):
        start_embedded(settings.with_home(tmp_path / "another"))


def test_a_second_server_on_the_same_data_is_refused(settings: Settings) -> None:
    start_embedded(settings, die_with_parent=True)
    with pytest.raises(ServiceFailedError, match="stop it"):
        start_embedded(replace(settings, redis_port=1))


def test_nothing_is_started_or_stopped_where_redis_url_is_set(settings: Settings) -> None:
    outside = replace(settings, redis_url="redis://127.0.0.1:1/0")
    assert start_embedded(outside) == ServerHandle(url="redis://127.0.0.1:1/0", pid=None, was_started=False)
    assert not stop_embedded(outside)
    assert not settings.run_dir.exists()


def test_the_server_refuses_writes_instead_of_evicting_and_listens_on_loopback_only(settings: Settings) -> None:
    start_embedded(settings, die_with_parent=True)
    client = connect(settings.online_url)
    shown = client.config_get("maxmemory-policy", "bind", "appendonly")
    client.close()
    assert shown == {"maxmemory-policy": "noeviction", "bind": "127.0.0.1", "appendonly": "yes"}
