"""What a call tells about itself besides its rows: its id, its user and the release that it asks for."""

from collections.abc import Iterable
from typing import NamedTuple

Headers = Iterable[tuple[bytes, bytes]]

USER_HEADER, RELEASE_HEADER, VERSION_HEADER = "X-User-Id", "X-Release", "X-Output-Version"
_USER, _RELEASE, _VERSION = (name.lower().encode("ascii") for name in (USER_HEADER, RELEASE_HEADER, VERSION_HEADER))


class Facts(NamedTuple):
    """The facts of one call; `release` is None for a caller who may not choose one."""

    request_id: str
    user: str | None = None
    release: str | None = None


def facts_of(request_id: str, headers: Headers, *, may_choose: bool) -> Facts:
    """Return the facts of a call from its headers, whose names are in lower case as ASGI gives them.

    A release has no say beside a version of the output, which it might not answer in.
    """
    sent = dict(headers)
    may_choose = may_choose and _VERSION not in sent
    return Facts(request_id, _text(sent, _USER), _text(sent, _RELEASE) if may_choose else None)


def _text(sent: dict[bytes, bytes], name: bytes) -> str | None:
    value = sent.get(name)
    return None if value is None else value.decode("latin-1").strip() or None
