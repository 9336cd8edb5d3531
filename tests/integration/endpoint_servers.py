"""Endpoints as processes of their own, for tests that look at processes from outside."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port, stop

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A running endpoint: its process, which is the supervisor where there are several workers."""

    url: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def workers(self) -> list[psutil.Process]:
        """Return the living workers below a supervisor, the oldest first."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of one name that carry these labels, 0 when there are none."""
        text = httpx.get(f"{self.url}/metrics", timeout=30.0).text
        samples = (sample for metric in text_string_to_metric_families(text) for sample in metric.samples)
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    def connections(self, worker: psutil.Process) -> int:
        """Return how many connections of callers a worker holds."""
        return sum(
            each.status == psutil.CONN_ESTABLISHED and each.laddr.port == self.port
            for each in worker.net_connections("tcp")
        )


@contextmanager
def served(
    settings: Settings,
    log: Path,
    *,
    workers: int = 1,
    port: int | None = None,
    program: Sequence[str] = ("platform_assets.serving.run",),
    has_open_metrics: bool = True,
) -> Iterator[Served]:
    """Run an endpoint over the home of the settings until the context ends; `program` is a module and its arguments."""
    port = port or free_port()
    environment = {
        **os.environ,
        "PLATFORM_HOME": str(settings.home),
        "PLATFORM_ENDPOINT_PORT": str(port),
        "REDIS_URL": settings.online_url,
        "PLATFORM_FSYNC": "off",
    }
    command = [sys.executable, "-m", *program, "--workers", str(workers)]
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        endpoint = Served(f"http://127.0.0.1:{port}", port, process, log)
        try:
            is_up = _is_up if has_open_metrics else _is_alive
            wait_for(lambda: is_up(endpoint, workers), endpoint)
            yield endpoint
        finally:
            stop(process)


def wait_for(is_so: Callable[[], bool], endpoint: Served) -> None:
    """Return when something has become true; fails with the endpoint's log when it does not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come true:\n{endpoint.log.read_text()}"
        time.sleep(0.1)


def _is_alive(endpoint: Served, _workers: int) -> bool:
    """Tell whether some worker answers: how many there are, one that asks for credentials does not say."""
    assert endpoint.process.poll() is None, endpoint.log.read_text()
    try:
        return httpx.get(f"{endpoint.url}/livez").status_code == http.client.OK
    except httpx.TransportError:
        return False


def _is_up(endpoint: Served, workers: int) -> bool:
    assert endpoint.process.poll() is None, endpoint.log.read_text()
    try:
        return endpoint.metric("platform_workers") == workers
    except httpx.TransportError:
        return False
