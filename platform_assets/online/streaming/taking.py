"""Takes events in: reads, checks and applies them, and says of each what became of it."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.online.streaming.apply import apply_events
from platform_assets.online.streaming.events import Moment, ReadyEvent, RefusedAs, RefusedEvent, Scalar, read_event

_TIMEOUT_S = 2.0  # of a batch of events: its producer waits, no prediction does
_AT_ONCE = 100
_TOO_LATE = "it is older than the newest event of its entity by more than is kept: the next batch counts it"


class Taken(NamedTuple):
    """What became of one event."""

    event_id: str
    status: Literal["accepted", "duplicate", "refused"]
    why: RefusedAs | None = None
    problem: str | None = None


class Stream(NamedTuple):
    """The events of one product, as its release in force declares them."""

    product: str
    streaming: StreamingFeatures


class EventStore:
    """The store as events reach it: one pool of connections per event loop."""

    def __init__(self, url: str) -> None:
        """Prepare; the first event connects."""
        self.client = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        options = self.client.connection_pool.connection_kwargs
        self.address = f"{options.get('host', options.get('path', 'unknown'))}:{options.get('port', '')}".rstrip(":")

    async def take(self, stream: Stream, sent: Sequence[Mapping[str, Scalar]], moment: Moment) -> list[Taken]:
        """Return what became of each event, in order.

        Raises OnlineStoreUnavailableError: then none is acknowledged, and all may be sent again.
        """
        taken: list[Taken] = []
        for start in range(0, len(sent), _AT_ONCE):  # others have their turn in between
            part = sent[start : start + _AT_ONCE]
            read = [read_event(stream.product, stream.streaming, each, moment) for each in part]
            taken += await self.apply(stream, read)
        return taken

    async def apply(self, stream: Stream, events: Sequence[ReadyEvent | RefusedEvent]) -> list[Taken]:
        """Apply those that can be; raises as `take` does."""
        ready = [each for each in events if isinstance(each, ReadyEvent)]
        applied = iter(await apply_events(self.client, stream.product, stream.streaming, ready, url=self.address))
        taken = []
        for each in events:
            if isinstance(each, RefusedEvent):
                taken.append(Taken(each.event_id, "refused", each.why, each.problem))
                continue
            outcome = next(applied)
            event_id = each.counted.event_id
            refused = Taken(event_id, "refused", "too_late", _TOO_LATE)
            taken.append(refused if outcome == "too_late" else Taken(event_id, outcome))
        return taken

    async def close(self) -> None:
        """Close all connections."""
        await self.client.aclose()
