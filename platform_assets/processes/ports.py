"""Ports on this machine: is one free, and who holds it."""

import socket

import psutil

from platform_assets.errors import PortTakenError

LOOPBACK = "127.0.0.1"


def check_port(port: int, *, service: str, variable: str) -> None:
    """Return when the port can be listened on; raises PortTakenError that names the holder and the variable."""
    if not is_free(port):
        raise PortTakenError(service=service, port=port, holder=holder_of(port), variable=variable)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT counts as free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """Name the process that listens on the port, as far as this user may see it."""
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        ]
        known = [pid for pid in listening if pid]
        return f"process {known[0]} ({psutil.Process(known[0]).name()})" if known else "another program"
    except psutil.Error:
        return "another program"
