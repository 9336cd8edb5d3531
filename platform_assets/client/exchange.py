"""What both transports do alike: the arguments of a request, the arrival of a body, and what became of it."""

import time
from typing import TypedDict

import httpx

from platform_assets.client.steps import Broken, Reply, Send

_MAX_ANSWER_BYTES = 64 * 1024 * 1024


class RequestArguments(TypedDict):
    """What httpx is told about one request."""

    method: str
    url: str
    params: list[tuple[str, str | int | float | bool | None]]
    headers: dict[str, str]
    content: bytes | None
    timeout: httpx.Timeout


class Arriving:
    """A body as it comes in: late or endless ones are cut off, which a timeout between two pieces does not do."""

    def __init__(self, send: Send) -> None:
        """Start the time."""
        self._until = time.monotonic() + send.timeout_s
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Take one piece; raises httpx.ReadTimeout or httpx.ReadError."""
        self._size += len(part)
        if self._size > _MAX_ANSWER_BYTES:
            message = f"the answer is larger than {_MAX_ANSWER_BYTES} bytes"
            raise httpx.ReadError(message)
        if time.monotonic() > self._until:
            message = "the answer came too slowly"
            raise httpx.ReadTimeout(message)
        self._parts.append(part)

    def reply(self, response: httpx.Response) -> Reply:
        """Return the whole answer."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, b"".join(self._parts))


def arguments_of(send: Send) -> RequestArguments:
    """Return the arguments of `stream` for a step."""
    return {
        "method": send.method,
        "url": send.path,
        "params": list(send.query),
        "headers": dict(send.headers),
        "content": send.content,
        "timeout": httpx.Timeout(send.timeout_s),
    }


def broken_by(error: httpx.RequestError) -> Broken:
    """Return what an error of the transport means."""
    told = str(error)
    return Broken(f"{type(error).__name__}: {told}" if told else type(error).__name__)
