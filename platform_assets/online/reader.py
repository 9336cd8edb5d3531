"""Reads online snapshots: the endpoint's asynchronous reader, and a plain one for everybody else."""

import asyncio
from collections.abc import Awaitable, Generator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from platform_assets.background import ended
from platform_assets.errors import OnlineStoreUnavailableError, PlatformError, SnapshotCorruptError
from platform_assets.online.connection import address, store_errors
from platform_assets.online.layout import pointer_key
from platform_assets.online.read_steps import Head, KeySetKeys, ReadRows, known_pointer, read_steps, unpack_answer
from platform_assets.online.slots import Pointer

DEFAULT_BUDGET_S = 0.05
_MOST_KEYS_PER_FLIGHT = 4096
_LATE_S = 0.005  # a timer that comes later than this tells of a busy event loop
_MOST_LATE_TURNS = 4

Found = tuple[ReadRows, Sequence[bytes | None]]
Steps = Generator[list[bytes], list[bytes | None], tuple[Head, list[bytes | None]]]


@dataclass(slots=True, eq=False)
class _Request:
    keys: KeySetKeys
    beside: Sequence[bytes]
    answer: asyncio.Future[Found]
    size: int


@dataclass(slots=True)
class _Lane:
    """The reads of one service: one flight at a time carries all requests that came in meanwhile."""

    waiting: list[_Request] = field(default_factory=list)
    head: Head | None = None
    flight: asyncio.Task[None] | None = None


class OnlineReader:
    """Reads of one event loop; every read ends within its budget, with rows of one snapshot or with an error."""

    def __init__(self, url: str, *, timeout_s: float = DEFAULT_BUDGET_S) -> None:
        """Prepare a reader; the first read connects, and later ones connect again after a loss."""
        self._timeout_s = timeout_s
        self._lanes: dict[str, _Lane] = {}
        self._client = redis.asyncio.Redis.from_url(
            url,
            # Twice the budget, which each read keeps by itself: only a connection that is dead for good ends here.
            socket_timeout=2 * timeout_s,
            socket_connect_timeout=timeout_s,
            # A connection that a restart closed is replaced at once; what timed out is never asked again.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        options = self._client.connection_pool.connection_kwargs
        self._address = f"{options.get('host', options.get('path', 'unknown'))}:{options.get('port', '')}".rstrip(":")

    async def __aenter__(self) -> Self:
        """Return the reader."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the reader."""
        await self.close()

    async def close(self) -> None:
        """End what is under way and close all connections."""
        await ended(*(lane.flight for lane in self._lanes.values() if lane.flight))
        await self._client.aclose()

    async def read(self, service: str, keys: KeySetKeys) -> ReadRows:
        """Return the rows of entity keys, one sequence per key set of the service, in the order of its manifest.

        Reads of the same moment share one command. Raises OnlineStoreUnavailableError within the budget,
        SnapshotMissingError, SnapshotCorruptError.
        """
        return (await self.read_beside(service, keys, ()))[0]

    async def read_beside(self, service: str, keys: KeySetKeys, beside: Sequence[bytes]) -> Found:
        """Return rows as `read` does, and what other keys hold at that very moment, None where they hold nothing."""
        lane = self._lanes.setdefault(service, _Lane())
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Request(keys, beside, answer, size=len(beside) + sum(map(len, keys))))
        if lane.flight is None or lane.flight.done():
            lane.flight = asyncio.create_task(self._fly(service, lane))
        if not await self._is_answered(answer):
            reason = f"no answer within {1000 * self._timeout_s:.0f} ms"
            raise OnlineStoreUnavailableError(url=self._address, reason=reason)
        return answer.result()

    async def _is_answered(self, answer: asyncio.Future[Found]) -> bool:
        """Wait for the time of the budget that the event loop was there to see an answer.

        A busy loop comes back late, with the answer unread in the socket: the store is not to blame for that.
        """
        loop, left_s = asyncio.get_running_loop(), self._timeout_s
        try:
            for _ in range(_MOST_LATE_TURNS):
                due = loop.time() + left_s
                await asyncio.wait((answer,), timeout=left_s)
                if answer.done() or loop.time() - due < _LATE_S:
                    break
                left_s = _LATE_S
            return answer.done()
        finally:
            answer.cancel()  # nobody waits for it any more; one that is done stays as it is

    async def pointer(self, service: str) -> Pointer | None:
        """Return what is live, None when nothing is.

        Raises OnlineStoreUnavailableError within the budget, SnapshotCorruptError.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._fetch([pointer_key(service)])
        except TimeoutError as error:
            reason = f"no answer within {1000 * self._timeout_s:.0f} ms"
            raise OnlineStoreUnavailableError(url=self._address, reason=reason) from error
        return None if raw[0] is None else known_pointer(service, raw[0])

    async def _fly(self, service: str, lane: _Lane) -> None:
        while lane.waiting:
            requests = _board(lane)
            try:
                # Groups differ only when somebody asks with a wrong number of key sets; that one alone is refused.
                for width in {len(request.keys) for request in requests}:
                    await self._serve(service, lane, [r for r in requests if len(r.keys) == width])
            finally:
                _refuse(requests, OnlineStoreUnavailableError(url=self._address, reason="the reader was closed"))

    async def _serve(self, service: str, lane: _Lane, group: Sequence[_Request]) -> None:
        keys = [[key for request in group for key in request.keys[n]] for n in range(len(group[0].keys))]
        try:
            beside = [key for request in group for key in request.beside]
            lane.head, raw = await self._run(read_steps(service, lane.head, keys, beside))
            _deliver(group, unpack_answer(lane.head, keys, raw), raw[len(raw) - len(beside) :])
        except SnapshotCorruptError as error:
            if len(group) == 1:
                _refuse(group, error)
            else:  # one damaged row must not cost the others their answer
                for request in group:
                    await self._serve(service, lane, [request])
        except PlatformError as error:
            _refuse(group, error)

    async def _run(self, steps: Steps) -> tuple[Head, list[bytes | None]]:
        answer: list[bytes | None] | None = None
        while True:
            try:
                wanted = next(steps) if answer is None else steps.send(answer)
            except StopIteration as end:
                return cast("tuple[Head, list[bytes | None]]", end.value)
            answer = await self._fetch(wanted)

    async def _fetch(self, keys: Sequence[bytes]) -> list[bytes | None]:
        with store_errors(self._address):
            return await cast("Awaitable[list[bytes | None]]", self._client.mget(keys))


def read_sync(client: redis.Redis, service: str, keys: KeySetKeys) -> ReadRows:
    """Return the rows of entity keys, all of one snapshot; for tools and tests. Raises as `OnlineReader.read` does."""
    steps = read_steps(service, None, keys)
    with store_errors(address(client)):
        wanted = next(steps)
        while True:
            raw = cast("list[bytes | None]", client.mget(wanted))
            try:
                wanted = steps.send(raw)
            except StopIteration as end:
                head, answer = cast("tuple[Head, list[bytes | None]]", end.value)
                return unpack_answer(head, keys, answer)


def _board(lane: _Lane) -> list[_Request]:
    """Take the requests that fit into one command; those that nobody waits for any more are dropped."""
    alive = [request for request in lane.waiting if not request.answer.done()]
    boarded: list[_Request] = []
    size = 0
    for request in alive:
        if boarded and size + request.size > _MOST_KEYS_PER_FLIGHT:
            break
        boarded.append(request)
        size += request.size
    lane.waiting = alive[len(boarded) :]
    return boarded


def _deliver(requests: Sequence[_Request], rows: ReadRows, beside: Sequence[bytes | None]) -> None:
    starts, place = [0] * len(rows.values), 0
    for request in requests:
        ends = [start + len(keys) for start, keys in zip(starts, request.keys, strict=True)]
        if not request.answer.done():
            found = beside[place : place + len(request.beside)] if request.beside else ()
            request.answer.set_result((rows.part(starts, ends) if len(requests) > 1 else rows, found))
        starts, place = ends, place + len(request.beside)


def _refuse(requests: Sequence[_Request], error: PlatformError) -> None:
    for request in requests:
        if not request.answer.done():
            request.answer.set_exception(error)
