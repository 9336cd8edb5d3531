"""The sockets of the workers: each has one of its own on the same port, and the system spreads the connections.

One socket for all would be simpler, but whichever worker wakes first then takes a whole burst of connections (measured:
64 connections opened at once went 58 : 6 and 64 : 0 to two workers, with a socket each 32 : 32 to 39 : 25).
"""

import socket

from platform_assets.errors import PortTakenError

HOST = "127.0.0.1"
BACKLOG = 1024  # connections that the system holds while an event loop is busy


def open_listeners(port: int, number: int) -> list[socket.socket]:
    """Return listening sockets that share the port; raises PortTakenError when anybody else has it."""
    _check_free(port)
    return [open_listener(port) for _ in range(number)]


def open_listener(port: int) -> socket.socket:
    """Return one more listening socket on the port of our own workers."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((HOST, port))
    listener.listen(BACKLOG)
    return listener


def _check_free(port: int) -> None:
    """Sockets that share their port would silently share it with another endpoint, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTakenError(
                service="the endpoint",
                port=port,
                holder=f"another program ({error})",
                variable="PLATFORM_ENDPOINT_PORT",
            ) from error
