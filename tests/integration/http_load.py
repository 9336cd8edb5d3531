"""Load on an endpoint over loopback: keep-alive connections of one event loop that count every answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_ANSWER_WITHIN_S = 30.0


@dataclass
class Outcome:
    """What callers saw: answers by status, the seconds of the good ones, and connections that broke."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    broken: int = 0

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of the good answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True)
class Load:
    """Callers that each send a request, pause, and send the next; `keep` sees the status and body of each answer.

    Where there are `bodies`, they are sent one after the other, again and again, in place of `body`. `headers` are
    whole lines, each with its line break.
    """

    port: int
    body: bytes = b""
    connections: int = 1
    keep: Callable[[int, bytes], None] = lambda _status, _body: None
    pause_s: float = 0.0
    pause_after_refusal_s: float = 0.0
    bodies: Iterator[bytes] | None = None
    headers: bytes = b""

    async def run(self, seconds: float) -> Outcome:
        """Send for so long; what is under way at the end is waited for."""
        outcome, end = Outcome(), time.monotonic() + seconds
        await asyncio.gather(*(self._call(outcome, end) for _ in range(self.connections)))
        return outcome

    async def _call(self, outcome: Outcome, end: float) -> None:
        while time.monotonic() < end:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                outcome.broken += 1
                await asyncio.sleep(0.05)
                continue
            try:
                while time.monotonic() < end:
                    await self._ask(reader, writer, outcome)
            except (OSError, asyncio.IncompleteReadError):
                outcome.broken += 1
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outcome: Outcome) -> None:
        started = time.perf_counter()
        writer.write(_request(next(self.bodies) if self.bodies else self.body, self.headers))
        status, body = await asyncio.wait_for(_read_answer(reader), _ANSWER_WITHIN_S)
        outcome.statuses[status] += 1
        if status == 200:
            outcome.seconds.append(time.perf_counter() - started)
        self.keep(status, body)
        await asyncio.sleep(self.pause_s if status == 200 else self.pause_after_refusal_s)


def _request(body: bytes, headers: bytes) -> bytes:
    head = (
        b"POST /v1/predict HTTP/1.1\r\nhost: endpoint\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
    )
    return head % (headers, len(body)) + body


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)
