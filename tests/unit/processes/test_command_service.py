"""A launched command: recorded, detached, recognised and ended with all that belongs to it."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import msgspec
import pytest

from platform_assets.errors import PortTakenError, ServiceFailedError
from platform_assets.processes.command_service import CommandService
from platform_assets.processes.record import group_members, is_alive, read_record, write_record
from platform_assets.settings import Settings
from tests.conftest import kill
from tests.unit.processes.service_samples import STUBBORN, web_service


def test_a_launched_service_leads_a_session_of_its_own(service: CommandService) -> None:
    service.launch()
    pid = service.pid()
    assert pid is not None
    assert os.getsid(pid) == os.getpgid(pid) == pid != os.getsid(0)


def test_a_service_takes_the_default_signal_handlers_back(service: CommandService) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        service.launch()
    finally:
        signal.signal(signal.SIGINT, before)
    status = Path(f"/proc/{service.pid()}/status").read_text().splitlines()
    ignored = next(line for line in status if line.startswith("SigIgn"))
    assert int(ignored.split()[1], 16) & (1 << (signal.SIGINT - 1)) == 0


def test_a_service_that_ended_is_not_taken_for_alive(service: CommandService) -> None:
    service.launch()
    pid = service.pid()
    assert pid is not None
    kill(pid)
    assert service.problem() == "it has ended"


def test_another_process_with_a_recorded_pid_is_never_signalled(service: CommandService) -> None:
    service.launch()
    record = read_record(service.record_path)
    assert record is not None
    service.end()
    with_our_pid = msgspec.structs.replace(record, pid=os.getpid())
    write_record(service.record_path, with_our_pid)
    assert not is_alive(with_our_pid)
    assert group_members(with_our_pid) == []
    service.end()  # this test would not go on if it were


def test_ending_a_service_that_ignores_the_request_ends_its_children_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.processes.command_service._GRACE_SECONDS", 0.4)
    service = web_service(settings, (sys.executable, "-c", STUBBORN))
    service.launch()
    while not service.log.read_text().startswith("ready"):
        time.sleep(0.05)
    record = read_record(service.record_path)
    assert record is not None
    assert len(group_members(record)) == 2
    service.end()
    assert group_members(record) == []


def test_what_a_killed_leader_left_behind_is_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform_assets.processes.command_service._GRACE_SECONDS", 0.4)
    service = web_service(settings, (sys.executable, "-c", STUBBORN))
    service.launch()
    while not service.log.read_text().startswith("ready"):
        time.sleep(0.05)
    record = read_record(service.record_path)
    assert record is not None
    kill(record.pid)
    assert len(group_members(record)) == 1
    service.end()
    assert group_members(record) == []


def test_a_command_that_cannot_be_run_is_a_clear_error(settings: Settings) -> None:
    service = web_service(settings, ("/nowhere/at-all",))
    with pytest.raises(ServiceFailedError, match="/nowhere/at-all"):
        service.launch()
    assert service.pid() is None
    assert not service.record_path.exists()


def test_a_taken_port_names_its_holder_and_the_variable_to_change(service: CommandService) -> None:
    told = rf"process {os.getpid()}.*PLATFORM_ENDPOINT_PORT"
    with (
        socket.create_server(("127.0.0.1", service.settings.endpoint_port)),
        pytest.raises(PortTakenError, match=told),
    ):
        service.check_port()
    service.check_port()


def test_a_service_reads_the_settings_of_its_starter(settings: Settings) -> None:
    told = "from platform_assets.settings import Settings; print(Settings.from_environment())"
    service = web_service(settings, (sys.executable, "-c", told))
    service.launch()
    while service.pid() is not None:
        time.sleep(0.05)
    assert service.log.read_text().strip() == str(settings)


def test_a_record_that_was_cut_off_says_nothing(service: CommandService) -> None:
    service.record_path.parent.mkdir(parents=True)
    service.record_path.write_text('{"pid": 1')
    assert service.pid() is None
    assert service.problem() == "it is not running"
