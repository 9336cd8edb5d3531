"""What a service is, whoever runs it: it can be launched, asked for its health and ended."""

from pathlib import Path
from typing import Literal, Protocol

from platform_assets.errors import ServiceFailedError
from platform_assets.processes.logs import last_lines

_TAIL_LINES = 15
ServiceName = Literal[
    "online_store", "endpoint", "console", "dagster_webserver", "dagster_read_only", "dagster_daemon", "mlflow"
]  # fmt: skip


class Service(Protocol):
    """One part of the platform on this machine, or the outside server that replaces it.

    `url` is what a person opens or connects to. `is_outside` means that the platform only watches it.
    """

    @property
    def name(self) -> ServiceName:
        """The name used on the command line, of the log and of the record."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    @property
    def url(self) -> str:
        """Where it is reached."""

    @property
    def is_outside(self) -> bool:
        """Whether somebody else runs it."""

    @property
    def log(self) -> Path | None:
        """Its log file on this machine."""

    def pid(self) -> int | None:
        """Return the process id while it runs here, else None."""

    def problem(self) -> str | None:
        """Return what is wrong with it now, None when it is healthy."""

    def check_port(self) -> None:
        """Return when its port is free; raises PortTakenError."""

    def launch(self) -> None:
        """Start it without waiting for its health; raises ServiceFailedError when it cannot be run at all."""

    def end(self) -> None:
        """End it and everything it started, and return when all of that is gone; nothing happens if it does not run."""


def failure(service: Service, reason: str) -> ServiceFailedError:
    """Return the error that says why a service counts as failed and shows the last lines of its log."""
    tail = "\n".join(last_lines(service.log, _TAIL_LINES)) if service.log else ""
    where = str(service.log) if service.log else "the log of that server"
    return ServiceFailedError(service=service.title, reason=reason, log=where, tail=tail)
