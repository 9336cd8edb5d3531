"""The whole platform as processes: all six services, real, on free ports, from `up` to `down`."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from platform_assets.processes.control import start_all, stop_all
from platform_assets.processes.record import TOKEN_VARIABLE
from platform_assets.processes.states import ServiceState, status
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port, kill


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Return settings of a platform of its own, which is stopped at the end."""
    chosen = Settings(
        home=tmp_path_factory.mktemp("processes"),
        project_root=PROJECT_ROOT,
        data_source="sample",
        dagster_port=free_port(),
        endpoint_port=free_port(),
        console_port=free_port(),
        mlflow_port=free_port(),
        redis_port=free_port(),
        fsync=False,
    )
    yield chosen
    stop_all(chosen)


@pytest.fixture(scope="module")
def started(settings: Settings) -> dict[str, ServiceState]:
    """Return the states after everything was started for the first time."""
    return {state.name: state for state in start_all(settings, deadline_seconds=240)}


def left_over(settings: Settings) -> list[str]:
    """Return the command lines of this platform's processes that still run."""
    home = str(settings.home)
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("PLATFORM_HOME") == home and TOKEN_VARIABLE in environment:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_every_service_is_healthy_after_the_first_start(started: dict[str, ServiceState]) -> None:
    assert {name: state.state for name, state in started.items()} == dict.fromkeys(started, "up")
    assert list(started) == ["online_store", "endpoint", "console", "dagster_webserver", "dagster_daemon", "mlflow"]


def test_a_second_start_changes_no_process(settings: Settings, started: dict[str, ServiceState]) -> None:
    again = {state.name: state.pid for state in start_all(settings)}
    assert again == {name: state.pid for name, state in started.items()}


@pytest.mark.parametrize("name", ["dagster_daemon", "mlflow", "endpoint", "online_store"])
def test_a_service_that_was_killed_comes_back(settings: Settings, started: dict[str, ServiceState], name: str) -> None:
    (before,) = status(settings, only=(name,))
    assert before.pid is not None
    kill(before.pid)
    (after,) = start_all(settings, only=(name,), deadline_seconds=240)
    assert after.state == started[name].state == "up"
    assert after.pid != before.pid


@pytest.mark.usefixtures("started")
def test_stopping_ends_every_process_and_forgets_every_record(settings: Settings) -> None:
    states = stop_all(settings)
    assert {state.state for state in states} == {"down"}
    assert left_over(settings) == []
    assert list(Path(settings.run_dir).glob("*.json")) == []
