"""A server that somebody else runs in place of an embedded one; the platform only watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from platform_assets.processes.service import ServiceName


@dataclass(frozen=True, slots=True)
class OutsideService:
    """A configured address; launching and ending it is not ours."""

    name: ServiceName
    title: str
    url: str
    probe: Callable[[], str | None]
    is_outside: bool = True
    log: Path | None = None

    def pid(self) -> int | None:
        """Return None: its process is elsewhere."""
        return None

    def problem(self) -> str | None:
        """Return what is wrong with it now, None when it is healthy."""
        return self.probe()

    def check_port(self) -> None:
        """Nothing of this machine is needed."""

    def launch(self) -> None:
        """Leave it as it is."""

    def end(self) -> None:
        """Leave it as it is."""
