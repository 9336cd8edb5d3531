"""A real Prometheus over the files that the platform writes, for tests."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import free_port, stop

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
# Where it is promised (the continuous integration installs it) its absence is a failure, not a skip.
needs_prometheus = pytest.mark.skipif(
    PROMETHEUS is None and os.environ.get("PLATFORM_REQUIRE_PROMETHEUS") != "1", reason="no prometheus here"
)
_WAIT_S = 60.0


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return the data of an answer, which is one without an error."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30.0)
        told = answer.json()
        assert told["status"] == "success", f"{parameters}: {told}"
        data: dict[str, Any] = told["data"]
        return data

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """Return what an expression says now."""
        result: list[dict[str, Any]] = self.get("query", query=expr)["result"]
        return result


def promtool(*arguments: str) -> None:
    """Run promtool; fails with what it says."""
    assert PROMTOOL is not None, "PLATFORM_REQUIRE_PROMETHEUS=1 but there is no promtool; install prometheus"
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def hurry(directory: Path) -> None:
    """Let Prometheus look every second: nothing else of its files is changed."""
    for path in (directory / "prometheus.yml", directory / "platform.rules.yml"):
        document = yaml.safe_load(path.read_text())
        for group in document.get("groups", ()):
            group["interval"] = "1s"
        if "global" in document:
            document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        path.write_text(yaml.safe_dump(document))


@contextmanager
def prometheus(directory: Path, data: Path) -> Iterator[Prometheus]:
    """Run Prometheus over `prometheus.yml` of a directory until the context ends."""
    assert PROMETHEUS is not None, "PLATFORM_REQUIRE_PROMETHEUS=1 but there is none; install the package prometheus"
    port = free_port()
    command = [
        PROMETHEUS,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = data.with_suffix(".log")
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            server = Prometheus(f"http://127.0.0.1:{port}")
            wait_until(lambda: process.poll() is None and _is_ready(server), log)
            yield server
        finally:
            stop(process)


def wait_until(is_so: Callable[[], bool], log: Path) -> None:
    """Return when something has become true; fails with a log when it does not."""
    deadline = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def _is_ready(server: Prometheus) -> bool:
    try:
        return httpx.get(f"{server.url}/-/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
