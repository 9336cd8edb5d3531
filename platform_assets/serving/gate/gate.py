"""Stands behind the envelope and before everything else: no request passes without a known caller."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED
from platform_assets.errors import ForeignOriginError
from platform_assets.serving.access import AUTHORIZATION, PURPOSE, Access, Asker, keep_caller
from platform_assets.serving.gate.rules import PUBLIC_PATHS
from platform_assets.serving.open_inference.problems import problem_of
from platform_assets.serving.request_ids import request_id_of

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.-]{1,100}")
_HERE = re.compile(rb"(https?://)?(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")


class Gate:
    """Refuses whoever proves nothing, on every path but those that tell only whether the process lives."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        """Stand before an app."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller, or refuse it."""
        if scope["type"] != "http" or scope["path"] in PUBLIC_PATHS:
            await self._app(scope, receive, send)
            return
        sent: dict[bytes, bytes] = dict(scope["headers"])
        caller = self._access.recognise(sent.get(AUTHORIZATION, b""), sent.get(PURPOSE, b""))
        if caller.is_proven:
            keep_caller(scope, caller)
            await self._app(scope, receive, send)
            return
        asker = Asker(self._access, caller, request_id_of(scope))
        asked = Asked(_place(scope), UNVERSIONED, None)
        error = asker.refused(asked, self._access.decide(caller, asked))
        await problem_of(Request(scope), error)(scope, receive, send)


class OwnPagesOnly:
    """Without access control: refuses what a page of another site makes a browser on this machine ask.

    Such a page needs no answer to do harm, and by a name of its own that leads here it would even get one.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        header = _foreign(dict(scope["headers"])) if scope["type"] == "http" else None
        if header is None:
            await self._app(scope, receive, send)
        else:
            await problem_of(Request(scope), ForeignOriginError(header=header))(scope, receive, send)


def _foreign(sent: Mapping[bytes, bytes]) -> str | None:
    """Return the header that names another site. A program may call by any name; only browsers send an origin."""
    origin, fetched = sent.get(b"origin"), sent.get(b"sec-fetch-site")
    if origin is not None and not _HERE.fullmatch(origin):
        return "Origin"
    if fetched is not None and not _HERE.fullmatch(sent.get(b"host", b"")):
        return "Host"
    return "Sec-Fetch-Site" if fetched in {b"cross-site", b"same-site"} else None


def _place(scope: Scope) -> str:
    """Return the path that was asked for, as far as it is plain: a log must not hold what callers invent."""
    path = str(scope["path"])
    return path if _PLAIN_PATH.fullmatch(path) else "another path"
