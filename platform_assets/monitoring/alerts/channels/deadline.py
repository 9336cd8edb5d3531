"""Ends a conversation that takes too long, also one that trickles: a timeout of a socket bounds each wait alone."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

# One attempt, from the connection to the answer.
SEND_WITHIN_S = 10.0
CONNECT_WITHIN_S = 5.0


@contextlib.contextmanager
def cut_off_after(seconds: float, socket_of: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the socket of a conversation when it lasts longer; whoever reads or writes it gets an OSError or an end."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            open_one = socket_of()
            if open_one is not None:
                # That of an encrypted socket would take its state from under who reads it.
                socket.socket.shutdown(open_one, socket.SHUT_RDWR)

    watch = threading.Timer(seconds, cut)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
