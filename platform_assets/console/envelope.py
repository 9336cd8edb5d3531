"""Stands before everything: an id for each request, what browsers are told, and who is let in."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED
from platform_assets.clock import wall_now
from platform_assets.console.problems import problem_of
from platform_assets.console.safe_headers import SAFE_HEADERS
from platform_assets.console.sessions import COOKIE, Credential, Sessions
from platform_assets.errors import ForeignFormError, ForeignOriginError
from platform_assets.serving.access import OPEN_ACCESS, Access, Asker, keep_caller
from platform_assets.serving.request_ids import assign_request_id

PUBLIC = frozenset({"/healthz", "/console.css", "/sign-in"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.-]{1,100}")
_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")


class Envelope:
    """Refuses forms of other sites and callers that prove nothing, each with a page; wraps an app."""

    def __init__(self, app: ASGIApp, *, access: Access, sessions: Sessions) -> None:
        """Stand before an app."""
        self._app, self._access, self._sessions = app, access, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = assign_request_id(scope, headers.get("x-request-id", "").encode("latin-1"))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(raw=message["headers"])
                for name, value in (*SAFE_HEADERS.items(), ("X-Request-Id", request_id)):
                    answered.setdefault(name, value)
                message["headers"] = answered.raw
            await send(message)

        error = self._refusal(scope, headers, request_id)
        if error is None:
            await self._app(scope, receive, told)
        else:
            await problem_of(Request(scope), error)(scope, receive, told)

    def _refusal(self, scope: Scope, headers: Headers, request_id: str) -> Exception | None:
        if self._access is OPEN_ACCESS and not _HERE.fullmatch(headers.get("host", "")):
            return ForeignOriginError(header="Host")
        credential = self._credential(headers)
        if scope["method"] not in _SAFE_METHODS and not _is_of_this_site(headers):
            return ForeignFormError()
        caller = self._access.recognise(credential.authorization, credential.purpose)
        if caller.is_proven or scope["path"] in PUBLIC:
            keep_caller(scope, caller)
            return None
        asker = Asker(self._access, caller, request_id)
        asked = Asked(_place(scope["path"]), UNVERSIONED, None)
        return asker.refused(asked, self._access.decide(caller, asked))

    def _credential(self, headers: Headers) -> Credential:
        """Return what the request itself sends, else what its session stands for."""
        sent = headers.get("authorization")
        if sent is not None:
            return Credential(sent.encode("latin-1"), headers.get("x-purpose", "").encode("latin-1"))
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return (self._sessions.find(token, wall_now()) if token else None) or Credential()


def _is_of_this_site(headers: Headers) -> bool:
    """Tell whether a form was sent by a page of this very server; programs, which send no cookie, need not say so."""
    fetched, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if fetched is not None and fetched != "same-origin":
        return False
    if origin is not None:
        host = headers.get("host", "")
        return origin in {f"http://{host}", f"https://{host}"}
    return fetched is not None or "cookie" not in headers


def _place(path: str) -> str:
    # A log must not hold what callers invent.
    return path if _PLAIN_PATH.fullmatch(path) else "another path"
