"""Real gateways in front of small real HTTP servers: what tests of balancing share."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from platform_assets.serving.gateway.backends import Policy
from platform_assets.settings import PROJECT_ROOT
from tests.conftest import free_port, stop

WAIT_SECONDS = 60.0


@dataclass
class SmallServer:
    """An endpoint that answers with its name, when `gate` lets it, and keeps what it was sent."""

    name: str
    port: int = field(default_factory=free_port)
    is_ready: bool = True
    gate: threading.Event = field(default_factory=threading.Event)
    seen: list[dict[str, str]] = field(default_factory=list)
    in_hand: int = 0
    breaks_off: bool = False
    server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self.gate.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler_of(self))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.gate.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


def _handler_of(small: SmallServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(ConnectionError):  # a look of the gateway that ended with the test
                super().handle()

        def do_GET(self) -> None:
            if self.path == "/readyz":
                self._answer(200 if small.is_ready else 503)
                return
            small.seen.append({name.lower(): value for name, value in self.headers.items()})
            small.in_hand += 1
            small.gate.wait(WAIT_SECONDS)
            small.in_hand -= 1
            if small.breaks_off:
                self.close_connection = True
            else:
                self._answer(200)

        def _answer(self, status: int) -> None:
            content = small.name.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    return Handler


@dataclass(frozen=True)
class Gateway:
    """A running gateway and how many of its endpoints are in."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def ready_backends(self) -> int:
        text = httpx.get(f"{self.url}/gateway/metrics", timeout=10.0).text
        samples = (sample for metric in text_string_to_metric_families(text) for sample in metric.samples)
        return round(
            sum(s.value for s in samples if s.name == "haproxy_server_status" and s.labels.get("state") == "UP")
        )

    def wait_for_backends(self, number: int) -> None:
        self.wait(lambda: self.ready_backends() == number)

    def wait(self, is_so: Callable[[], bool]) -> None:
        wait_until(is_so, self.log.read_text)


def wait_until(is_so: Callable[[], bool], tell: Callable[[], str] = str) -> None:
    """Return when something has become true; fails when it does not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come true: {tell()}"
        time.sleep(0.02)


@contextmanager
def gateway(
    addresses: Sequence[str], home: Path, policy: Policy = "round_robin", *, most_files: int | None = None
) -> Iterator[Gateway]:
    """Run a gateway before these endpoints until the context ends; it may open at most so many files."""
    port, log = free_port(), home / "gateway.log"
    command = [sys.executable, "-m", "platform_assets.serving.gateway", "--port", str(port), "--policy", policy]
    command += [part for address in addresses for part in ("--backend", address)]
    if most_files is not None:
        command = ["prlimit", f"--nofile={most_files}:{most_files}", *command]
    environment = {**os.environ, "PLATFORM_HOME": str(home)}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=output, stderr=output) as process,
    ):
        running = Gateway(f"http://127.0.0.1:{port}", process, log)
        try:
            running.wait(lambda: _is_up(running))
            yield running
        finally:
            stop(process)


def _is_up(running: Gateway) -> bool:
    assert running.process.poll() is None, running.log.read_text()
    try:
        running.ready_backends()
    except httpx.TransportError:
        return False
    return True
