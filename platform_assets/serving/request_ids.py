"""The id that ties a request, its answer, its log entries and the server's log lines together."""

import itertools
import re
import secrets

from starlette.types import Scope

from platform_assets.serving.limits import MAX_REQUEST_ID_LENGTH

HEADER = b"x-request-id"
_SCOPE_KEY = "platform_request_id"
# Unique, not secret: asking the system for randomness costs each request more than its whole trace.
_PROCESS = secrets.token_hex(8)
_NUMBERS = itertools.count()
_USABLE = re.compile(rb"[A-Za-z0-9._:-]{1,%d}" % MAX_REQUEST_ID_LENGTH)


def assign_request_id(scope: Scope, sent: bytes, *, trace_id: str | None = None) -> str:
    """Take the id that the caller sent when it is plain and short, else its trace id, else make one.

    The id is remembered in the scope.
    """
    chosen = usable_request_id(sent) or trace_id or new_request_id()
    scope[_SCOPE_KEY] = chosen
    return chosen


def usable_request_id(sent: bytes) -> str | None:
    """Return the id that the caller sent, None when it is not plain and short."""
    return sent.decode("ascii") if sent and _USABLE.fullmatch(sent) else None


def new_request_id() -> str:
    """Return an id that no other request of any process has."""
    return f"{_PROCESS}{next(_NUMBERS):08x}"


def request_id_of(scope: Scope) -> str:
    """Return the id of the request in hand."""
    return str(scope.get(_SCOPE_KEY, ""))
