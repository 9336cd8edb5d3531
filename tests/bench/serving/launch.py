"""How each server is started for its turn: command, environment, and for ours the platform around it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from platform_assets.settings import PROJECT_ROOT
from tests.bench.serving.home import empty_log, online_store, publish_release
from tests.bench.serving.model import BenchModel
from tests.bench.serving.process import NotStartedError, free_port
from tests.bench.serving.servers import OURS, PEERS, Server

_PREPARATION_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to run. `store_pid` is the online store beside ours, `tidy` is called between measurements."""

    command: list[str]
    environment: dict[str, str]
    port: int
    directory: Path | None = None
    store_pid: int | None = None
    tidy: Callable[[], None] = field(default=lambda: None)


@contextmanager
def launch_of(server: Server, python: Path, model: BenchModel, work: Path) -> Iterator[Launch]:
    """Give what starts a server; what it needs beside it runs inside this context. Raises NotStartedError."""
    if server.name != OURS:
        yield _peer_launch(server, python, model)
        return
    home = work / "home"
    publish_release(home, model)
    with online_store(home, model) as (settings, store_pid):
        port = free_port()
        environment = {
            "PLATFORM_HOME": str(home),
            "PLATFORM_ENDPOINT_PORT": str(port),
            "REDIS_URL": settings.online_url,
            "PLATFORM_ACCESS": "open",
        }
        yield Launch(
            command=[sys.executable, "-m", "platform_assets.serving.run"],
            environment=environment,
            port=port,
            directory=PROJECT_ROOT,
            store_pid=store_pid,
            tidy=partial(empty_log, settings),
        )


def _peer_launch(server: Server, python: Path, model: BenchModel) -> Launch:
    port = free_port()
    environment = {
        "BENCH_MODEL": str(model.path),
        "BENCH_PORT": str(port),
        "BENCH_SECOND_PORT": str(free_port()),
        "BENCH_THIRD_PORT": str(free_port()),
        "BENCH_BIN": str(python.parent),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        # Nobody reports home while it is measured.
        "DO_NOT_TRACK": "1",
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
        **dict(server.environment),
    }
    command = [str(python), "-P", str(PEERS / str(server.script))]
    if server.name.startswith("mosec"):
        command += ["--address", "127.0.0.1", "--port", str(port)]
    if server.needs_preparation:
        _prepare(command, environment)
    return Launch(command=command, environment=environment, port=port)


def _prepare(command: list[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(
            [*command, "prepare"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=_PREPARATION_SECONDS,
        )
    except subprocess.SubprocessError as error:
        message = f"its preparation failed: {error} {(getattr(error, 'stderr', '') or '')[-300:]}"
        raise NotStartedError(message) from error
