"""A small HTTP server that answers what an endpoint would tell of a rollout: a document that the test sets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from platform_assets.rollouts.report import RolloutReport


class ReportServer(ThreadingHTTPServer):
    """Answers `report` at /v1/rollouts/{its product}, a `body` of any kind, and 404 with neither."""

    daemon_threads = True
    report: RolloutReport | None = None
    body: bytes | None = None

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)

    def answer_to(self, path: str) -> bytes | None:
        if self.body is not None:
            return self.body
        if self.report is None or path != f"/v1/rollouts/{self.report.product}":
            return None
        return msgspec.json.encode(self.report)


class _Handler(BaseHTTPRequestHandler):
    server: ReportServer

    def do_GET(self) -> None:
        body = self.server.answer_to(self.path)
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@contextmanager
def report_server() -> Iterator[ReportServer]:
    """Serve on a free port until the block ends."""
    with ReportServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
