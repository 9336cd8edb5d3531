"""Small real services for tests: a web server of the standard library under the platform's own launcher."""

import sys
from pathlib import Path

from platform_assets.processes.command_service import CommandService
from platform_assets.processes.probes import probe_http
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port

# Ignores SIGTERM and has a child in its group, like a server that hangs on shutdown.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"])
print("ready", flush=True)
time.sleep(600)
"""


def sample_settings(home: Path) -> Settings:
    """Return settings with their own home and free ports."""
    return Settings(
        home=home,
        project_root=PROJECT_ROOT,
        dagster_port=free_port(),
        endpoint_port=free_port(),
        console_port=free_port(),
        mlflow_port=free_port(),
        redis_port=free_port(),
        feast_port=free_port(),
        fsync=False,
    )


def web_service(settings: Settings, command: tuple[str, ...] = ()) -> CommandService:
    """Return a service that answers HTTP on the endpoint's port, or runs another command in its place."""
    port = settings.endpoint_port
    url = f"http://127.0.0.1:{port}"
    server = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(settings.run_dir))
    return CommandService(
        settings=settings,
        name="endpoint",
        title="Endpoint",
        url=url,
        command=command or server,
        probe=lambda _record: probe_http(url),
        port=port,
        port_variable="PLATFORM_ENDPOINT_PORT",
    )
