"""The second tier: scores that any worker computed, in the online store's server. Its failure is only a miss."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Literal, cast

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from platform_assets.background import ended
from platform_assets.contract.names import CACHED_PREDICTION
from platform_assets.serving.breaker import CircuitBreaker
from platform_assets.serving.cache.prediction import Prediction, pack, unpack

DEFAULT_BUDGET_S = 0.004
_PREFIX = CACHED_PREDICTION.encode()
# A command that the budget has given up is ended by the connection's own limit, which leaves the connection clean.
_SOCKET_TIMEOUT_S = 0.05
_MOST_WAITING = 10_000
_MOST_PER_WRITE = 1_000


class SharedTier:
    """Reads within a budget, writes in the background; nothing is raised and nothing queues without end."""

    def __init__(self, url: str, breaker: CircuitBreaker, *, budget_s: float = DEFAULT_BUDGET_S) -> None:
        """Prepare a client for one event loop; the first call connects."""
        self._breaker = breaker
        self._budget_s = budget_s
        self._client = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=_SOCKET_TIMEOUT_S,
            socket_connect_timeout=_SOCKET_TIMEOUT_S,
            # A connection that a restart closed is replaced at once; what timed out is never sent again.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        self._reads: set[asyncio.Task[list[bytes | None] | None]] = set()
        self._waiting: dict[bytes, tuple[bytes, int]] = {}
        self._writing: asyncio.Task[None] | None = None
        self.failed_reads = 0
        self.dropped_writes = 0

    async def find(self, keys: Sequence[bytes]) -> dict[bytes, Prediction]:
        """Return the predictions that are there, by one command; none when the budget or the connection ends."""
        ticket = self._breaker.enter()
        if ticket is None:
            return {}
        read = asyncio.create_task(self._read(keys))
        self._reads.add(read)
        read.add_done_callback(self._reads.discard)
        outcome: Literal["answered", "failed", "left"] = "left"
        try:
            await asyncio.wait({read}, timeout=self._budget_s)
            raw = read.result() if read.done() and not read.cancelled() else None
            outcome = "failed" if raw is None else "answered"
        finally:
            {"answered": self._breaker.succeeded, "failed": self._breaker.failed, "left": self._breaker.abandoned}[
                outcome
            ](ticket)
        if raw is None:
            self.failed_reads += 1
            return {}
        found = zip(keys, map(unpack, raw), strict=True)
        return {key: prediction for key, prediction in found if prediction is not None}

    def keep(self, predictions: Mapping[bytes, Prediction], *, ttl_s: float) -> None:
        """Store predictions in the background; beyond the bound they are dropped, for a cache may forget."""
        room = _MOST_WAITING - len(self._waiting)
        if len(predictions) > room or self._breaker.state == "open":
            self.dropped_writes += len(predictions)
            return
        ttl_ms = max(1, int(ttl_s * 1000.0))
        self._waiting.update({key: (pack(prediction), ttl_ms) for key, prediction in predictions.items()})
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def flush(self) -> None:
        """Wait until what was kept is written or given up."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def close(self) -> None:
        """End what is under way and close all connections."""
        await ended(*self._reads, *([self._writing] if self._writing else []))
        await self._client.aclose()

    async def _read(self, keys: Sequence[bytes]) -> list[bytes | None] | None:
        try:
            return await cast("Awaitable[list[bytes | None]]", self._client.mget([_PREFIX + key for key in keys]))
        except (RedisError, OSError, RuntimeError):  # uvloop says RuntimeError of a transport that has closed
            return None

    async def _write_all(self) -> None:
        while self._waiting:
            chosen = list(self._waiting)[:_MOST_PER_WRITE]
            entries = [(key, *self._waiting.pop(key)) for key in chosen]
            ticket = self._breaker.enter()
            if ticket is None or not await self._write(entries, ticket):
                self.dropped_writes += len(entries)

    async def _write(self, entries: Sequence[tuple[bytes, bytes, int]], ticket: int) -> bool:
        is_written = False
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for key, content, ttl_ms in entries:
                    pipeline.set(_PREFIX + key, content, px=ttl_ms)
                await pipeline.execute()
            is_written = True
        except RedisError:
            self._breaker.failed(ticket)
        else:
            self._breaker.succeeded(ticket)
        finally:
            self._breaker.abandoned(ticket)
        return is_written
