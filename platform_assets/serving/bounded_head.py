"""uvicorn's HTTP/1.1 protocol with a limit on the head of a request, which it lacks."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from platform_assets.serving.limits import MAX_HEAD_BYTES

_DETAIL = b"the head of the request is larger than %d bytes: send fewer or shorter headers." % MAX_HEAD_BYTES
_BODY = (
    b'{"type":"urn:platform:problem:head_too_large","title":"Head too large","status":431,"code":"head_too_large",'
    b'"detail":"%s","request_id":"","retryable":false}' % _DETAIL
)
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_BODY), _BODY)
)


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection whose request head goes on and on.

    A head that comes in one piece is checked when it is complete; one that comes in many is checked with each of them,
    so that at most the limit and one piece are ever held.
    """

    _is_in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Read what came; a head that has grown over the limit is answered with 431."""
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._begin_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting and pass the request on."""
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._is_in_head = True
        self._head_bytes = 0

    def _end_head(self) -> None:
        self._is_in_head = False

    def _refuse(self) -> None:
        self.transport.write(_ANSWER)
        self.transport.close()
