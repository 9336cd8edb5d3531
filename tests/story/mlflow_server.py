"""A real MLflow server over the registry of a home, which a test kills and starts again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from platform_assets.settings import Settings
from tests.conftest import free_port

START_SECONDS = 90.0


@dataclass
class MlflowServer:
    """The server of a home; it keeps its port from one start to the next."""

    home: Settings
    log: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def settings(self) -> Settings:
        """The settings of everybody who asks the server."""
        return replace(self.home, mlflow_url=f"http://127.0.0.1:{self.port}")

    def start(self) -> None:
        """Return when the server answers."""
        command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--workers", "1"]
        command += ["--port", str(self.port), "--backend-store-uri", self.home.mlflow_tracking_uri]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def kill(self) -> None:
        """End the server and its workers as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2.0).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def mlflow_server(home: Settings, log: Path) -> Iterator[MlflowServer]:
    """Run a server until the context ends."""
    server = MlflowServer(home, log)
    server.start()
    try:
        yield server
    finally:
        server.kill()
