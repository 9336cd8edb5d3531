"""Who is signed in with a browser: a random word in a cookie stands for a credential that is kept in memory alone."""

import datetime as dt
import hashlib
import secrets
from typing import NamedTuple

COOKIE = "platform_console"
LASTS = dt.timedelta(hours=8)
_IDLE = dt.timedelta(hours=1)
_MOST = 1000
_TOKEN_BYTES = 32


class Credential(NamedTuple):
    """What a caller would send with each request: the headers Authorization and X-Purpose."""

    authorization: bytes = b""
    purpose: bytes = b""


class _Session(NamedTuple):
    credential: Credential
    began_at: dt.datetime
    seen_at: dt.datetime


class Sessions:
    """The sessions of one process; they end with it. A key that is revoked opens nothing in a session either."""

    def __init__(self) -> None:
        """Begin without any."""
        self._by_digest: dict[bytes, _Session] = {}

    def begin(self, credential: Credential, at: dt.datetime) -> str:
        """Return the word for a new session; of too many the one that was begun first ends."""
        if len(self._by_digest) >= _MOST:
            del self._by_digest[next(iter(self._by_digest))]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._by_digest[_digest(token)] = _Session(credential, at, at)
        return token

    def find(self, token: str, at: dt.datetime) -> Credential | None:
        """Return the credential behind a word; None for one that is unknown, too old or was idle for too long."""
        name = _digest(token)
        found = self._by_digest.get(name)
        if found is None:
            return None
        if at - found.began_at >= LASTS or at - found.seen_at >= _IDLE:
            del self._by_digest[name]
            return None
        self._by_digest[name] = found._replace(seen_at=max(at, found.seen_at))
        return found.credential

    def end(self, token: str) -> None:
        """Forget a session."""
        self._by_digest.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    # Looked up by digest: how long a comparison takes tells nothing about the words of others.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
