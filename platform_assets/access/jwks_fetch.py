"""The public keys of the trusted issuer: fetched from the one configured place, a few kilobytes, in a few seconds."""

import http.client
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

from platform_assets.access.oidc_trust import Trust
from platform_assets.errors import IssuerKeysUnavailableError

MOST_BYTES = 256 * 1024
_WITHIN_S = 5.0
_OK = 200


def fetch_keys(trust: Trust) -> bytes:
    """Return the key set as it is published; call it in a thread. Raises IssuerKeysUnavailableError.

    A redirect is not followed: only the place that a person has configured is ever asked.
    """
    try:
        content = _from_url(trust.jwks) if trust.is_remote else _from_file(Path(trust.jwks))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IssuerKeysUnavailableError(place=trust.jwks, problem=f"{type(error).__name__}: {error}") from error
    if len(content) > MOST_BYTES:
        raise IssuerKeysUnavailableError(place=trust.jwks, problem=f"it is larger than {MOST_BYTES} bytes")
    return content


def _from_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _from_url(url: str) -> bytes:
    parts = urlsplit(url)
    host, until = parts.hostname or "", time.monotonic() + _WITHIN_S
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, parts.port, timeout=_WITHIN_S, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_WITHIN_S)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
        answer = connection.getresponse()
        if answer.status != _OK:
            problem = f"it answers {answer.status}"
            raise ValueError(problem)
        return _read(answer, until)
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, until: float) -> bytes:
    """Read at most one byte too many, and not for longer than the deadline however slowly the bytes come."""
    content = b""
    while len(content) <= MOST_BYTES and (part := answer.read1(16 * 1024)):
        content += part
        if time.monotonic() > until:
            problem = f"it takes longer than {_WITHIN_S:g} s"
            raise ValueError(problem)
    return content
