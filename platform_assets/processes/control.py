"""Starting and stopping services; any number of callers at once, and after any kill, ends in the same state."""

import fcntl
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from platform_assets.errors import PortTakenError, ServiceFailedError
from platform_assets.processes.access_home import prepare_access
from platform_assets.processes.catalog import services
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.processes.service import Service, ServiceName, failure
from platform_assets.processes.states import ServiceState, state_of
from platform_assets.settings import Settings

_POLL_SECONDS = 0.3
_PORT_TRIES = 10
_ON_DAGSTER: frozenset[ServiceName] = frozenset({"dagster_webserver", "dagster_daemon"})
_ASK_WHO_CALLS: frozenset[ServiceName] = frozenset({"endpoint", "console"})
Report = Callable[[str], None]


def start_all(
    settings: Settings, *, only: Collection[str] = (), deadline_seconds: float = 180.0, report: Report | None = None
) -> tuple[ServiceState, ...]:
    """Start what does not run yet, wait until each is healthy and return all states; a running one is left alone.

    `only` names services; `report` gets one line per step. Raises PortTakenError before anything was started,
    ServiceFailedError with the last log lines after the others were started, UnknownServiceError.
    """
    say = report or _say_nothing
    chosen = services(settings, only)
    with _exclusive(settings, say):
        if any(service.name in _ON_DAGSTER for service in chosen):
            prepare_dagster_home(settings)
        if any(service.name in _ASK_WHO_CALLS for service in chosen):
            prepare_access(settings)
        missing = [service for service in chosen if not service.is_outside and service.pid() is None]
        for service in missing:
            _clear_the_way(service)
        for service in missing:
            _launch(service, say)
        deadline = time.monotonic() + deadline_seconds
        failures = [_await_health(each, deadline, say, is_new=each in missing) for each in chosen]
    for error in failures:
        if error is not None:
            raise error
    return tuple(state_of(service) for service in chosen)


def stop_all(
    settings: Settings, *, only: Collection[str] = (), report: Report | None = None
) -> tuple[ServiceState, ...]:
    """End what the platform started, the online store last, and return all states; nothing else is ever signalled."""
    say = report or _say_nothing
    chosen = services(settings, only)
    with _exclusive(settings, say):
        for service in reversed(chosen):
            if service.pid() is not None:
                say(f"stopping {service.title}")
            service.end()
    return tuple(state_of(service) for service in chosen)


def _clear_the_way(service: Service) -> None:
    service.end()  # what a killed predecessor left behind
    for _ in range(_PORT_TRIES):
        try:
            service.check_port()
        except PortTakenError:  # a process that was killed just now still holds it for a moment
            time.sleep(_POLL_SECONDS)
        else:
            return
    service.check_port()


def _launch(service: Service, say: Report) -> None:
    say(f"starting {service.title}")
    service.launch()


def _await_health(service: Service, deadline: float, say: Report, *, is_new: bool) -> ServiceFailedError | None:
    while True:
        is_dead = not service.is_outside and service.pid() is None  # asked first: the reason then names the same state
        problem = service.problem()
        if problem is None:
            break
        if is_dead and not is_new:  # it was found running and ended since
            _clear_the_way(service)
            _launch(service, say)
            is_new = True
        elif is_dead or service.is_outside or time.monotonic() >= deadline:
            return failure(service, problem)
        time.sleep(_POLL_SECONDS)
    say(f"{service.title} is healthy at {service.url}")
    return None


@contextmanager
def _exclusive(settings: Settings, say: Report) -> Iterator[None]:
    # The kernel frees the lock when its holder dies, so a killed starter blocks nobody.
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / "processes.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another start or stop to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say_nothing(_line: str) -> None:
    """Take a progress line and drop it."""
