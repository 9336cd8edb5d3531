"""A service that is a command on this machine, detached from whoever started it."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from platform_assets.processes.detached import LaunchOrder
from platform_assets.processes.environment import environment_of
from platform_assets.processes.group import end_group
from platform_assets.processes.logs import log_path, prepare_log
from platform_assets.processes.ports import check_port
from platform_assets.processes.record import ProcessRecord, is_alive, read_record
from platform_assets.processes.service import ServiceName, failure
from platform_assets.settings import Settings

_GRACE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class CommandService:
    """Runs `command` in its own session and process group; `probe` gets the record and tells what is wrong."""

    settings: Settings
    name: ServiceName
    title: str
    url: str
    command: tuple[str, ...]
    probe: Callable[[ProcessRecord], str | None]
    port: int | None = None
    port_variable: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    is_outside: bool = False

    @property
    def log(self) -> Path:
        """Its log file, appended to at each start."""
        return log_path(self.settings, self.name)

    @property
    def record_path(self) -> Path:
        """Where its process is recorded."""
        return self.settings.run_dir / f"{self.name}.json"

    def pid(self) -> int | None:
        """Return the process id while it runs here, else None."""
        record = read_record(self.record_path)
        return record.pid if record and is_alive(record) else None

    def problem(self) -> str | None:
        """Return what is wrong with it now, None when it is healthy."""
        record = read_record(self.record_path)
        if record is None:
            return "it is not running"
        found = self.probe(record) if is_alive(record) else None
        # Asked again: a heartbeat, for one, outlives the process that sent it.
        return found if found is not None or is_alive(record) else "it has ended"

    def check_port(self) -> None:
        """Raise PortTakenError if somebody else has the port."""
        if self.port is not None:
            check_port(self.port, service=self.title, variable=self.port_variable)

    def launch(self) -> None:
        """Start it without waiting for its health; raises ServiceFailedError when the command cannot be run."""
        self.settings.run_dir.mkdir(parents=True, exist_ok=True)
        prepare_log(self.log)
        order = msgspec.json.encode(self._order()).decode()
        starter = subprocess.run(
            [sys.executable, "-m", "platform_assets.processes.detached", order],
            cwd=self.settings.project_root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if starter.returncode != 0:
            raise failure(self, starter.stderr.strip())

    def end(self) -> None:
        """End its process group, also when only a part of it is left, and forget the record."""
        record = read_record(self.record_path)
        if record is not None:
            end_group(record, grace_seconds=_GRACE_SECONDS)
        self.record_path.unlink(missing_ok=True)

    def _order(self) -> LaunchOrder:
        return LaunchOrder(
            name=self.name,
            command=self.command,
            environment={**environment_of(self.settings), **dict(self.environment)},
            directory=str(self.settings.project_root),
            log_path=str(self.log),
            record_path=str(self.record_path),
            token=uuid.uuid4().hex,
        )
