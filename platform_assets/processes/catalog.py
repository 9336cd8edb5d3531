"""The services of the platform, in the order of their start."""

import sys
from collections.abc import Collection
from pathlib import Path

from platform_assets.errors import UnknownServiceError
from platform_assets.online.server import is_alive
from platform_assets.processes.command_service import CommandService
from platform_assets.processes.outside_service import OutsideService
from platform_assets.processes.ports import LOOPBACK
from platform_assets.processes.probes import probe_daemons, probe_http
from platform_assets.processes.service import Service
from platform_assets.processes.store_service import EmbeddedStore
from platform_assets.settings import Settings


def services(settings: Settings, only: Collection[str] = ()) -> tuple[Service, ...]:
    """Return all services, or those named in `only`. Raises UnknownServiceError."""
    every = (
        _store(settings),
        _endpoint(settings),
        _console(settings),
        _webserver(settings),
        *_read_only_webserver(settings),
        _daemon(settings),
        _mlflow(settings),
    )
    known = [service.name for service in every]
    for name in only:
        if name not in known:
            raise UnknownServiceError(service=name, known=", ".join(known))
    return tuple(service for service in every if not only or service.name in only)


def _store(settings: Settings) -> Service:
    url = settings.redis_url
    if url is None:
        return EmbeddedStore(settings)
    return OutsideService(
        name="online_store",
        title="Online store",
        url=url,
        probe=lambda: None if is_alive(url) else f"{url} does not answer PING; check REDIS_URL",
    )


def _endpoint(settings: Settings) -> Service:
    url = f"http://{LOOPBACK}:{settings.endpoint_port}"
    return CommandService(
        settings=settings,
        name="endpoint",
        title="Endpoint",
        url=url,
        command=(sys.executable, "-m", "platform_assets.serving.run"),
        probe=lambda _record: probe_http(f"{url}/livez"),
        port=settings.endpoint_port,
        port_variable="PLATFORM_ENDPOINT_PORT",
    )


def _console(settings: Settings) -> Service:
    url = f"http://{LOOPBACK}:{settings.console_port}"
    return CommandService(
        settings=settings,
        name="console",
        title="Console",
        url=url,
        command=(sys.executable, "-m", "platform_assets.console.run"),
        probe=lambda _record: probe_http(f"{url}/healthz"),
        port=settings.console_port,
        port_variable="PLATFORM_CONSOLE_PORT",
    )


def _webserver(settings: Settings) -> Service:
    url = f"http://{LOOPBACK}:{settings.dagster_port}"
    return CommandService(
        settings=settings,
        name="dagster_webserver",
        title="Dagster webserver",
        url=url,
        command=(_script("dagster-webserver"), "-h", LOOPBACK, "-p", str(settings.dagster_port), *_workspace(settings)),
        probe=lambda _record: probe_http(f"{url}/server_info"),
        port=settings.dagster_port,
        port_variable="PLATFORM_DAGSTER_PORT",
    )


def _read_only_webserver(settings: Settings) -> tuple[Service, ...]:
    port = settings.dagster_read_only_port
    if port is None:
        return ()
    url = f"http://{LOOPBACK}:{port}"
    address = ("-h", LOOPBACK, "-p", str(port), "--read-only")
    return (
        CommandService(
            settings=settings,
            name="dagster_read_only",
            title="Dagster webserver, read-only",
            url=url,
            command=(_script("dagster-webserver"), *address, *_workspace(settings)),
            probe=lambda _record: probe_http(f"{url}/server_info"),
            port=port,
            port_variable="PLATFORM_DAGSTER_READ_ONLY_PORT",
        ),
    )


def _daemon(settings: Settings) -> Service:
    webserver = f"http://{LOOPBACK}:{settings.dagster_port}"
    return CommandService(
        settings=settings,
        name="dagster_daemon",
        title="Dagster daemon",
        url=f"{webserver}/deployment/daemons",
        command=(_script("dagster-daemon"), "run", *_workspace(settings)),
        probe=lambda record: probe_daemons(webserver, started_at=record.started_at),
    )


def _mlflow(settings: Settings) -> Service:
    outside = settings.mlflow_url
    if outside is not None:
        return OutsideService(
            name="mlflow", title="MLflow", url=outside, probe=lambda: probe_http(f"{outside.rstrip('/')}/health")
        )
    url = f"http://{LOOPBACK}:{settings.mlflow_port}"
    address = ("--host", LOOPBACK, "--port", str(settings.mlflow_port), "--workers", "1")
    backend = ("--backend-store-uri", settings.mlflow_tracking_uri)
    artifacts = ("--default-artifact-root", str(settings.mlflow_dir / "artifacts"))
    return CommandService(
        settings=settings,
        name="mlflow",
        title="MLflow",
        url=url,
        command=(_script("mlflow"), "server", *address, *backend, *artifacts),
        probe=lambda _record: probe_http(f"{url}/health"),
        port=settings.mlflow_port,
        port_variable="PLATFORM_MLFLOW_PORT",
        environment=(("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"),),
    )


def _workspace(settings: Settings) -> tuple[str, str]:
    return ("-w", str(settings.project_root / "workspace.yaml"))


def _script(name: str) -> str:
    # Beside the interpreter, so that no virtual environment needs to be activated.
    return str(Path(sys.executable).parent / name)
