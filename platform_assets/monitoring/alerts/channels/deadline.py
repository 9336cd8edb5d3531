"""Ends a conversation that takes too long, also one that trickles: a timeout of a socket bounds each wait alone."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

# One attempt, from the connection to the answer; and each wait within it.
SEND_WITHIN_S = 10.0
WAIT_WITHIN_S = 5.0


@contextlib.contextmanager
def cut_off_after(seconds: float, socket_of: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the socket of a conversation that lasts longer, so that its reads end; raises TimeoutError then."""
    is_over = threading.Event()

    def cut() -> None:
        is_over.set()
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
    if is_over.is_set():  # what was read until then may be half of an answer
        problem = f"it took longer than {seconds:g} s"
        raise TimeoutError(problem)
