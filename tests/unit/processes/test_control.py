"""Starting and stopping: twice, at once, after a kill, and when something goes wrong."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from platform_assets.errors import ServiceFailedError, UnknownServiceError
from platform_assets.processes.command_service import CommandService
from platform_assets.processes.control import start_all, stop_all
from platform_assets.processes.group import end_group
from platform_assets.processes.record import ProcessRecord
from platform_assets.processes.states import status
from platform_assets.settings import Settings
from tests.conftest import kill
from tests.unit.processes.service_samples import web_service


def test_a_started_service_is_healthy_when_the_call_returns(settings: Settings, service: CommandService) -> None:
    (state,) = start_all(settings)
    assert (state.state, state.problem, state.pid) == ("up", None, service.pid())


def test_starting_again_leaves_a_running_service_alone(settings: Settings, service: CommandService) -> None:
    (first,) = start_all(settings)
    (second,) = start_all(settings)
    assert first.pid == second.pid == service.pid()


def test_two_starters_at_once_start_one_service(settings: Settings, service: CommandService) -> None:
    with ThreadPoolExecutor(4) as pool:
        states = [future.result()[0] for future in [pool.submit(start_all, settings) for _ in range(4)]]
    assert {state.pid for state in states} == {service.pid()}


@pytest.mark.usefixtures("service")
def test_a_killed_service_is_started_again(settings: Settings) -> None:
    (first,) = start_all(settings)
    assert first.pid is not None
    kill(first.pid)
    (second,) = start_all(settings)
    assert second.state == "up"
    assert second.pid != first.pid


@pytest.mark.usefixtures("service")
def test_stopping_twice_ends_in_the_same_state(settings: Settings) -> None:
    start_all(settings)
    assert [state.state for state in stop_all(settings)] == ["down"]
    assert [state.state for state in stop_all(settings)] == ["down"]


def test_a_service_that_ends_at_once_shows_its_last_words(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = web_service(settings, (sys.executable, "-c", "raise SystemExit('no licence for this planet')"))
    monkeypatch.setattr("platform_assets.processes.control.services", lambda *_: (failing,))
    with pytest.raises(ServiceFailedError, match=r"(?s)it has ended.*endpoint\.log.*no licence for this planet"):
        start_all(settings)


def test_a_service_that_ends_while_it_is_probed_is_reported_as_ended(
    settings: Settings, service: CommandService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_and_refuse(record: ProcessRecord) -> str:
        end_group(record, grace_seconds=0)
        return "the connection is refused"

    dying = replace(service, probe=end_and_refuse)
    monkeypatch.setattr("platform_assets.processes.control.services", lambda *_: (dying,))
    with pytest.raises(ServiceFailedError, match="it has ended"):
        start_all(settings)


def test_a_heartbeat_that_outlives_its_process_is_no_sign_of_health(service: CommandService) -> None:
    def end_and_praise(record: ProcessRecord) -> None:
        end_group(record, grace_seconds=0)

    praised = replace(service, probe=end_and_praise)
    praised.launch()
    assert praised.problem() == "it has ended"


def test_a_service_that_never_answers_fails_at_the_deadline(
    settings: Settings, service: CommandService, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = replace(service, command=(sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr("platform_assets.processes.control.services", lambda *_: (silent,))
    with pytest.raises(ServiceFailedError, match="does not answer"):
        start_all(settings, deadline_seconds=0.5)


def test_a_starter_that_was_killed_blocks_nobody(settings: Settings, service: CommandService) -> None:
    program = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX);"
        " print('locked', flush=True); time.sleep(600)"
    )
    settings.run_dir.mkdir(parents=True)
    arguments = [sys.executable, "-c", program, str(settings.run_dir / "processes.lock")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        told: list[str] = []
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(start_all, settings, report=told.append)
            while not told:
                time.sleep(0.05)
            starter.kill()
            waiting.result()
    assert told[0] == "waiting for another start or stop to end"
    assert service.problem() is None


def test_an_unknown_service_is_refused_with_the_known_names(settings: Settings) -> None:
    known = "online_store, endpoint, console, dagster_webserver, dagster_daemon, mlflow"
    with pytest.raises(UnknownServiceError, match=known):
        status(settings, only=("redis",))


def test_a_server_that_others_run_is_watched_and_never_started(settings: Settings) -> None:
    outside = replace(settings, mlflow_url="http://127.0.0.1:9", redis_url="redis://127.0.0.1:9/0")
    states = {state.name: state for state in status(outside, only=("mlflow", "online_store"))}
    assert {state.is_outside for state in states.values()} == {True}
    assert {state.state for state in states.values()} == {"unhealthy"}
    assert "does not answer" in (states["mlflow"].problem or "")
    with pytest.raises(ServiceFailedError, match="the log of that server"):
        start_all(outside, only=("online_store",))
