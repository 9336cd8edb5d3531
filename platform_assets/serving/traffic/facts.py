"""What a call tells about itself besides its rows: its id, its user and the release that it asks for."""

from collections.abc import Iterable
from typing import NamedTuple

Headers = Iterable[tuple[bytes, bytes]]

USER_HEADER, RELEASE_HEADER = "X-User-Id", "X-Release"
_USER, _RELEASE = USER_HEADER.lower().encode("ascii"), RELEASE_HEADER.lower().encode("ascii")


class Facts(NamedTuple):
    """The facts of one call; `release` is None for a caller who may not choose one."""

    request_id: str
    user: str | None = None
    release: str | None = None


def facts_of(request_id: str, headers: Headers, *, may_choose: bool) -> Facts:
    """Return the facts of a call from its headers, whose names are in lower case as ASGI gives them."""
    sent = dict(headers)
    return Facts(request_id, _text(sent, _USER), _text(sent, _RELEASE) if may_choose else None)


def _text(sent: dict[bytes, bytes], name: bytes) -> str | None:
    value = sent.get(name)
    return None if value is None else value.decode("latin-1").strip() or None
