"""The protocol over real sockets: in order, in pieces, together with what the app answers, and to the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from platform_assets.serving.asgi import build_app
from platform_assets.serving.quick.protocol import QuickProtocol
from tests.unit.serving.quick.conftest import Counter

pytestmark = pytest.mark.anyio


class Connection:
    """A client that writes bytes and reads answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the two ends of a socket."""
        self.reader, self.writer = reader, writer

    async def read(self) -> tuple[int, dict[str, str], Any]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:-2])
            content = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, msgspec.json.decode(content)


class Watched(QuickProtocol):
    """Tells when the first body has begun to come in."""

    begun: asyncio.Event

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.begun.set()


class Listening:
    """A server of this test with its protocols; `long_way` counts the requests that the app answered."""

    def __init__(self, counter: Counter) -> None:
        """Serve the endpoint behind a desk."""
        self.counter = counter
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"now")]
        self.config = uvicorn.Config(self._app, lifespan="off", interface="asgi3", log_config=None, access_log=False)
        self.config.load()
        self.protocols: list[QuickProtocol] = []
        self.begun = asyncio.Event()
        self.long_way = 0
        self._endpoint = build_app(counter.endpoint.parts)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.long_way += 1
        await self._endpoint(scope, receive, send)

    def protocol(self) -> QuickProtocol:
        loop = asyncio.get_running_loop()
        made = Watched(self.config, self.state, {}, loop, desk=self.counter.desk)
        made.begun = self.begun
        self.protocols.append(made)
        return made

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        server = await asyncio.get_running_loop().create_server(self.protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                yield Connection(reader, writer)
            finally:
                writer.close()


def request(body: bytes, *headers: str, path: str = "/v1/predict") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def listening(counter: Counter) -> Listening:
    return Listening(counter)


@pytest.fixture
def plain(counter: Counter) -> bytes:
    return msgspec.json.encode(counter.body("churn", counter.row("churn", 3.0)))


async def test_a_plain_request_is_answered_without_the_app_under_the_id_that_its_caller_sent(
    listening: Listening, plain: bytes
) -> None:
    async with listening.connect() as connection:
        connection.writer.write(request(plain, "X-Request-ID: mine-7"))
        status, headers, answer = await connection.read()
        connection.writer.write(request(plain, "X-Request-ID: what is this"))
        _, anew, _ = await connection.read()
    assert (status, headers["x-request-id"], answer["request_id"]) == (200, "mine-7", "mine-7")
    assert (headers["content-type"], headers["date"]) == ("application/json", "now")
    assert anew["x-request-id"] not in {"mine-7", "what is this", ""}
    assert listening.long_way == 0


async def test_requests_in_one_packet_are_answered_in_order_whoever_answers_them(
    listening: Listening, counter: Counter, plain: bytes
) -> None:
    stored = msgspec.json.encode({"product": "churn", "entities": ["13085"]})
    wanted = [plain, stored, plain, b"{", plain, plain, stored]
    async with listening.connect() as connection:
        packet = b"".join(request(body, f"X-Request-ID: r{number}") for number, body in enumerate(wanted))
        connection.writer.write(packet)
        answers = [await connection.read() for _ in wanted]
    assert [headers["x-request-id"] for _, headers, _ in answers] == [f"r{number}" for number in range(len(wanted))]
    assert [status for status, _, _ in answers] == [200, 200, 200, 400, 200, 200, 200]
    entries = [entry.request_id for entry in counter.endpoint.log.entries]
    assert sorted(entries) == ["r0", "r1", "r2", "r4", "r5", "r6"]


async def test_a_body_that_comes_in_pieces_is_one_body(listening: Listening, plain: bytes) -> None:
    async with listening.connect() as connection:
        for start in range(0, len(packet := request(plain)), 40):
            connection.writer.write(packet[start : start + 40])
            await connection.writer.drain()
            await asyncio.sleep(0)
        status, _, _ = await connection.read()
    assert (status, listening.long_way) == (200, 0)


@pytest.mark.parametrize(
    "header",
    [
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "X-Debug-Timing: 1",
        "X-Release: r1",
        "X-Output-Version: 1",
        "Connection: close",
        "Expect: 100-continue",
        "Origin: http://127.0.0.1:8000",
    ],
)
async def test_who_asks_for_more_than_an_answer_is_answered_by_the_app(
    listening: Listening, plain: bytes, header: str
) -> None:
    async with listening.connect() as connection:
        connection.writer.write(request(plain, header))
        if header.startswith("Expect"):
            assert b"100 Continue" in await connection.reader.readuntil(b"\r\n\r\n")
        status, headers, _ = await connection.read()
    assert (status, listening.long_way) == (200, 1)
    assert ("traceresponse" in headers) == header.startswith("traceparent")
    assert ("server-timing" in headers) == header.startswith("X-Debug")


async def test_other_paths_and_large_bodies_are_for_the_app(listening: Listening, plain: bytes) -> None:
    async with listening.connect() as connection:
        connection.writer.write(request(plain, path="/predict"))
        await connection.read()
        connection.writer.write(request(plain, path="/v1/predict?x=1"))
        await connection.read()
        connection.writer.write(request(b" " * (1024 * 1024 + 1)))
        status, _, _ = await connection.read()
    assert (status, listening.long_way) == (413, 3)


async def test_a_server_that_stops_answers_what_was_asked_and_closes(listening: Listening, plain: bytes) -> None:
    async with listening.connect() as connection:
        connection.writer.write(request(plain))
        await connection.writer.drain()
        await connection.writer.drain()
        await listening.begun.wait()
        listening.protocols[0].shutdown()
        status, _, _ = await connection.read()
        assert await connection.reader.read() == b""
    assert status == 200


async def test_a_server_that_stops_waits_for_the_rest_of_a_body(listening: Listening, plain: bytes) -> None:
    packet = request(plain)
    async with listening.connect() as connection:
        connection.writer.write(packet[:-10])
        await connection.writer.drain()
        await listening.begun.wait()
        listening.protocols[0].shutdown()
        connection.writer.write(packet[-10:])
        status, headers, _ = await connection.read()
        assert await connection.reader.read() == b""
    assert (status, headers["connection"], listening.long_way) == (200, "close", 1)


async def test_a_caller_who_leaves_in_the_middle_harms_nobody(listening: Listening, plain: bytes) -> None:
    async with listening.connect() as gone:
        gone.writer.write(request(plain)[:-10])
        await gone.writer.drain()
        gone.writer.close()
    async with listening.connect() as connection:
        connection.writer.write(request(plain))
        status, _, _ = await connection.read()
    assert (status, len(listening.counter.endpoint.log.written)) == (200, 1)
    assert not listening.state.connections or len(listening.state.connections) == 1
