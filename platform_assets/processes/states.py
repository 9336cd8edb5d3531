"""The state of each service, as plain data."""

from collections.abc import Collection
from typing import Literal

import msgspec

from platform_assets.processes.catalog import services
from platform_assets.processes.service import Service, ServiceName
from platform_assets.settings import Settings

State = Literal["up", "unhealthy", "down"]


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """One service now: `unhealthy` runs without answering, `down` does not run. `problem` is None when it is up."""

    name: ServiceName
    title: str
    state: State
    url: str
    is_outside: bool
    pid: int | None
    log: str | None
    problem: str | None


def status(settings: Settings, *, only: Collection[str] = ()) -> tuple[ServiceState, ...]:
    """Return the state of each service; asks every one, so it takes up to three seconds for one that hangs."""
    return tuple(state_of(service) for service in services(settings, only))


def state_of(service: Service) -> ServiceState:
    """Return the state of one service."""
    pid = service.pid()
    problem = service.problem()
    return ServiceState(
        name=service.name,
        title=service.title,
        state="up" if problem is None else "unhealthy" if pid is not None or service.is_outside else "down",
        url=service.url,
        is_outside=service.is_outside,
        pid=pid,
        log=str(service.log) if service.log else None,
        problem=problem,
    )
