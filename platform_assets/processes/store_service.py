"""The embedded online store as a service; its own launcher keeps it."""

from dataclasses import dataclass
from pathlib import Path

from platform_assets.online.server import embedded_pid, is_alive, start_embedded, stop_embedded
from platform_assets.processes.ports import check_port
from platform_assets.processes.service import ServiceName
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """The online store that comes with the platform."""

    settings: Settings
    name: ServiceName = "online_store"
    title: str = "Online store"
    is_outside: bool = False

    @property
    def url(self) -> str:
        """The address for Redis clients."""
        return self.settings.online_url

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.settings.logs_dir / "redis.log"

    def pid(self) -> int | None:
        """Return the process id while it runs here, else None."""
        return embedded_pid(self.settings)

    def problem(self) -> str | None:
        """Return what is wrong with it now, None when it answers PING."""
        return None if is_alive(self.url) else "it does not answer PING"

    def check_port(self) -> None:
        """Raise PortTakenError if somebody else has the port."""
        check_port(self.settings.redis_port, service=self.title, variable="PLATFORM_REDIS_PORT")

    def launch(self) -> None:
        """Start it; its launcher returns once it answers."""
        start_embedded(self.settings)

    def end(self) -> None:
        """End it after it has saved its data."""
        stop_embedded(self.settings)
