"""Real local receivers of alerts: an HTTP server that behaves as told, and a mail server."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Behaviour = Literal["take", "slow", "fail", "hang", "trickle", "redirect"]


class AlertReceiver(ThreadingHTTPServer):
    """Takes POSTs; one behaviour per request, the last one for ever. `taken` are headers and body of what it took."""

    daemon_threads = True
    block_on_close = False  # what hangs on purpose ends with the test

    def __init__(self, behaviours: Sequence[Behaviour]) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours = behaviours
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/alerts"

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of what it took, in order."""
        return [headers["webhook-id"] for headers, _ in self.taken]

    def next_behaviour(self, request: tuple[dict[str, str], bytes]) -> Behaviour:
        with self._lock:
            behaviour = self.behaviours[min(len(self.seen), len(self.behaviours) - 1)]
            self.seen.append(request)
            if behaviour in {"take", "slow"}:
                self.taken.append(request)
            return behaviour


class _Handler(BaseHTTPRequestHandler):
    server: AlertReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.server.next_behaviour(({name.lower(): text for name, text in self.headers.items()}, body))
        if behaviour == "hang":
            self.server.stopping.wait()
        elif behaviour == "trickle":
            self._trickle()
        else:
            if behaviour == "slow":
                time.sleep(0.05)
            self.send_response({"fail": 503, "redirect": 307}.get(behaviour, 204))
            if behaviour == "redirect":
                self.send_header("Location", self.server.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _trickle(self) -> None:
        """Send a header line at a time, each well within any timeout between two reads, and never an end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.stopping.wait(0.05):
            try:
                self.wfile.write(b"X-More: yes\r\n")
            except OSError:  # the sender had enough
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@contextmanager
def alert_receiver(*behaviours: Behaviour) -> Iterator[AlertReceiver]:
    """Serve on a free port until the block ends."""
    with AlertReceiver(behaviours or ("take",)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


class Mailbox:
    """What a mail server took; each recipient in `refused` is turned away."""

    def __init__(self) -> None:
        """Begin empty."""
        self.mails: list[Envelope] = []
        self.was_encrypted: list[bool] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.mails.append(envelope)
        self.was_encrypted.append(session.ssl is not None)
        return "250 taken"


@contextmanager
def mail_server(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Run a mail server on a port until the block ends; with a context it offers STARTTLS."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, tls_context=tls)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
