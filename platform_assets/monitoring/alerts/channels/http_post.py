"""One POST to a receiver of alerts: no redirect, no proxy, no metadata service, an end after ten seconds."""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from platform_assets.errors import AlertNotTakenError
from platform_assets.monitoring.alerts.channels.deadline import WAIT_WITHIN_S, cut_off_after

_TAKEN = range(200, 300)
_SHOWN_BYTES = 200
_SHORTEST_WAIT_S = 0.05
# Where clouds tell a machine its own credentials; the first lies in a private range, the second in a shared one.
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))


def post(url: str, body: bytes, headers: Mapping[str, str], *, within_s: float) -> None:
    """Send a body and return when it was taken, that is answered with 2xx; raises AlertNotTakenError.

    The address that was checked is the address that is connected to. Errors name the host and never the URL.
    """
    where = "?"
    try:
        parts = urlsplit(url)
        where = parts.hostname or "?"
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise AlertNotTakenError(where=where, problem="only http and https URLs are called")
        opened = _Conversation(parts, min(within_s, WAIT_WITHIN_S))
        with contextlib.closing(opened), cut_off_after(within_s, lambda: opened.sock):
            status, said = _converse(opened, parts, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem = str(error) or type(error).__name__
        raise AlertNotTakenError(where=where, problem=f"no answer: {problem}") from error
    if status not in _TAKEN:
        raise AlertNotTakenError(where=where, problem=f"answered {status}{_redirected(status)}: {said}")


class _Conversation(http.client.HTTPConnection):
    """A connection to an address that was looked up and allowed, encrypted for https."""

    def __init__(self, parts: SplitResult, wait_s: float) -> None:
        """Take host and port of a URL, and how long a wait may last."""
        self._is_https = parts.scheme == "https"
        super().__init__(parts.hostname or "", parts.port or (443 if self._is_https else 80), timeout=wait_s)

    def connect(self) -> None:
        """Connect to the first allowed address that answers; raises AlertNotTakenError and OSError."""
        self.sock = _connected(self.host, self.port, wait_s=self.timeout)
        if self._is_https:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _converse(opened: _Conversation, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    opened.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = opened.getresponse()
    if answer.status in _TAKEN:  # whatever it says; a body that never ends takes nothing back
        return answer.status, ""
    said = answer.read(_SHOWN_BYTES).decode("utf-8", "replace")
    return answer.status, " ".join("".join(c if c.isprintable() else " " for c in said).split())


def _connected(host: str, port: int, *, wait_s: float | None) -> socket.socket:
    failed: OSError | None = None
    until = None if wait_s is None else time.monotonic() + wait_s  # for all addresses together
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        _require_allowed(host, str(address[0]))
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(until and max(until - time.monotonic(), _SHORTEST_WAIT_S))
            opened.connect(address)
            opened.settimeout(wait_s)
        except OSError as error:
            opened.close()
            failed = error
        else:
            return opened
    raise failed or OSError("the name has no address")


def _require_allowed(host: str, text: str) -> None:
    address = ipaddress.ip_address(text.partition("%")[0])
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain in _METADATA:
        problem = f"{plain} is no place for alerts: link-local, metadata and multicast addresses are never called"
        raise AlertNotTakenError(where=host, problem=problem)


def _redirected(status: int) -> str:
    return " (redirects are not followed: configure the address that it leads to)" if 300 <= status < 400 else ""  # noqa: PLR2004 - as HTTP numbers them
