"""A real local HTTP server that misbehaves on command: one behaviour per connection, the last one for ever."""

import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Behaviour = Literal["answer", "busy", "hang", "reset", "cut", "trickle", "html"]

_READY = b'{"is_ready": true, "failing": []}'
_BUSY = (
    b'{"type": "t", "title": "T", "status": 503, "code": "overloaded", "detail": "come back", '
    b'"request_id": "r", "retryable": true}'
)


@dataclass
class Misbehaving:
    """What the server was asked so far, and how it behaves next."""

    url: str
    behaviours: Sequence[Behaviour]
    retry_after: str = "0"
    requests: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def request_ids(self) -> list[str]:
        """The X-Request-Id of each request."""
        lines = [line for request in self.requests for line in request.lower().split(b"\r\n")]
        return [line.split(b": ", 1)[1].decode() for line in lines if line.startswith(b"x-request-id: ")]

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._behave, args=(connection,), daemon=True).start()

    def _behave(self, connection: socket.socket) -> None:
        with connection:
            request = connection.recv(65_536)
            if not request:
                return
            behaviour = self.behaviours[min(len(self.requests), len(self.behaviours) - 1)]
            self.requests.append(request)
            self._act(behaviour, connection)

    def _act(self, behaviour: Behaviour, connection: socket.socket) -> None:
        if behaviour == "hang":
            self.stopping.wait()
        elif behaviour == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif behaviour == "cut":
            connection.sendall(_response(200, "application/json", _READY)[:-5])
        elif behaviour == "trickle":
            self._trickle(connection)
        elif behaviour == "busy":
            connection.sendall(_response(503, "application/problem+json", _BUSY, f"Retry-After: {self.retry_after}"))
        elif behaviour == "html":
            connection.sendall(_response(502, "text/html", b"<h1>Bad gateway</h1>"))
        else:
            connection.sendall(_response(200, "application/json", _READY))

    def _trickle(self, connection: socket.socket) -> None:
        """Send a byte at a time, each well within any timeout between two reads."""
        for byte in _response(200, "application/json", b" " * 10_000 + _READY):
            if self.stopping.is_set():
                return
            try:
                connection.sendall(bytes([byte]))
            except OSError:  # the caller had enough
                return
            time.sleep(0.01)


@contextmanager
def misbehaving(*behaviours: Behaviour, retry_after: str = "0") -> Iterator[Misbehaving]:
    """Run a server of its own on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Misbehaving(f"http://127.0.0.1:{listener.getsockname()[1]}", behaviours, retry_after)
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def _response(status: int, media_type: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Told",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
