"""uvicorn's protocol with a short cut: a plain request to predict goes to the desk, everything else to the app.

The app costs such a request a task, a scope, messages and a stack of coroutines: half of its whole time (measured).
"""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from platform_assets.serving.access import AUTHORIZATION, PURPOSE
from platform_assets.serving.asked import Asked
from platform_assets.serving.bounded_head import BoundedHeadProtocol
from platform_assets.serving.limits import MAX_BODY_BYTES
from platform_assets.serving.predict_route import PREDICT_PATH, keep_asked
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.quick.letter import Letter
from platform_assets.serving.request_ids import HEADER, new_request_id, usable_request_id
from platform_assets.serving.traffic.facts import RELEASE_HEADER, VERSION_HEADER

_PATH = PREDICT_PATH.encode("ascii")
_LENGTH = b"content-length"
# Whoever sends one of these wants more than an answer, or says less than its length.
_LONG_WAY = frozenset(
    {
        b"traceparent",
        b"x-debug-timing",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
        b"origin",  # a page in a browser
        RELEASE_HEADER.lower().encode("ascii"),
        VERSION_HEADER.lower().encode("ascii"),
    }
)


class QuickProtocol(BoundedHeadProtocol):
    """Answers what the desk can answer, in the order of the requests; the app never sees those."""

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:  # noqa: ANN401 - what uvicorn gives
        """Take what uvicorn gives a protocol, and the desk of this event loop."""
        super().__init__(*args, **kwargs)
        self._desk = desk
        self._body: list[bytes] | None = None  # of a request that may be for the desk, while it comes in
        self._letter: Letter | None = None  # what the desk has to settle
        self._sent_id = b""
        self._proof = (b"", b"")

    def on_message_begin(self) -> None:
        """Begin a request, when the ones before it on this connection are settled; the app's scope is made later."""
        self._settle()
        self._begin_head()
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Start the app, unless the request may be for the desk."""
        if self._is_for_the_desk():
            self._end_head()
            self._body = []
        else:
            self._make_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body for the desk, or give it to the app."""
        if self._body is None:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Give the request to the desk, or tell the app that it is whole."""
        if self._body is None:
            super().on_message_complete()
            return
        body, self._body = b"".join(self._body), None
        request_id = usable_request_id(self._sent_id) or new_request_id()
        self._letter = Letter(self, body, request_id, time.perf_counter(), self._proof)
        self._desk.take(self._letter)

    def answer(self, letter: Letter, content: bytes) -> None:
        """Write the answer to a letter; a caller who has gone gets none."""
        self._letter = None
        if self.transport.is_closing():
            return
        head = self._desk.head_of(self.server_state.default_headers)
        request_id = letter.request_id.encode("ascii")
        self.transport.write(b"%b%b\r\ncontent-length: %d\r\n\r\n%b" % (head, request_id, len(content), content))
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def send_the_long_way(self, letter: Letter) -> None:
        """Start the app on a whole request."""
        self._letter = None
        if not self.transport.is_closing():
            self._start_app(letter.body, more_body=False, asked=letter.asked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was coming in."""
        self._body = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what was asked; a request that is still coming in is one that the app waits for."""
        self._settle()
        if self._body is not None:
            body, self._body = b"".join(self._body), None
            self._start_app(body, more_body=True)
        super().shutdown()

    def _settle(self) -> None:
        while self._letter is not None:
            self._desk.answer_some()

    def _is_for_the_desk(self) -> bool:
        if self.url != _PATH or self.parser.get_method() != b"POST" or self.flow.write_paused:
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        if self.parser.get_http_version() != "1.1" or not self.parser.should_keep_alive():
            return False
        headers = dict(self.headers)
        self._sent_id = headers.get(HEADER, b"")
        self._proof = headers.get(AUTHORIZATION, b""), headers.get(PURPOSE, b"")
        length = headers.get(_LENGTH, b"")
        is_plain = _LONG_WAY.isdisjoint(headers) and length.isdigit() and int(length) <= MAX_BODY_BYTES
        is_crowded = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        return is_plain and not is_crowded

    def _make_scope(self) -> None:
        """Do what uvicorn does at the beginning of a request, now that somebody needs it."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the scope holds this very list

    def _start_app(self, body: bytes, *, more_body: bool, asked: Asked | None = None) -> None:
        """Do what uvicorn does at the end of a head, for a request whose head ended a while ago."""
        self._make_scope()
        self.scope.update({"method": "POST", "path": PREDICT_PATH, "raw_path": _PATH, "query_string": b""})
        keep_asked(cast("MutableMapping[str, Any]", self.scope), asked)
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        self.cycle.body += body
        self.cycle.more_body = more_body
        self.cycle.message_event.set()
        self._start_asgi_task(self.cycle, self.app)
