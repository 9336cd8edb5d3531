"""API keys: 256 random bits that are shown once, and the digest that is kept of them."""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

import msgspec

_PREFIX = "pa"
_SECRET_BYTES = 32
_ID_BYTES = 6
_TEXT = re.compile(rf"{_PREFIX}_(?P<id>[0-9a-f]{{{2 * _ID_BYTES}}})_(?P<secret>[A-Za-z0-9_-]{{43}})")


class NewKey(NamedTuple):
    """A key as it is shown this once: its id, its text and the digest that is kept."""

    key_id: str
    text: str
    digest: str

    def __repr__(self) -> str:
        """Name the key without its secret."""
        return f"NewKey({self.key_id!r}, '…')"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a key. `digest` is the SHA-256 of its whole text: of 256 random bits, so no salt is needed.

    `purposes` are those it is bound to; with exactly one of them a call need not name it. A rotated key has a
    successor and works until `expires_at`, which the rotation brought forward.
    """

    key_id: str
    digest: str
    subject: str
    actors: tuple[str, ...]
    purposes: tuple[str, ...]
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime
    successor: str | None = None
    revoked_at: dt.datetime | None = None
    revoked_by: str | None = None
    reason: str | None = None

    def is_usable(self, at: dt.datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and at < self.expires_at


def new_key() -> NewKey:
    """Return a key that nobody has seen."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    text = f"{_PREFIX}_{key_id}_{secret}"
    return NewKey(key_id, text, digest_of(text))


def digest_of(text: str) -> str:
    """Return what is kept of a key's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_id_of(text: str) -> str | None:
    """Return the id inside a text that looks like a key, else None."""
    found = _TEXT.fullmatch(text)
    return found["id"] if found else None


def is_key_of(text: str, kept: ApiKey | None) -> bool:
    """Tell whether a text is the key that a record is kept of, in a time that tells nothing about either."""
    return hmac.compare_digest(digest_of(text), kept.digest if kept else digest_of("")) and kept is not None
