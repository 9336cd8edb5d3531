"""Consumes the inboxes of all products: at least once by a consumer group, and applied once whatever dies."""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, cast

from redis.exceptions import ResponseError
from redis.typing import EncodableT, FieldT

from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.online.connection import store_errors
from platform_assets.online.streaming.events import Moment, read_json_event
from platform_assets.online.streaming.keys import GROUP, inbox_key, refused_key
from platform_assets.online.streaming.taking import EventStore, Stream, Taken

_FIELD = b"event"
_AT_ONCE = 200
_ABANDONED_MS = 5_000  # of a consumer that died with it
_MOST_REFUSED = 10_000
_Message = tuple[bytes, dict[bytes, bytes] | None]


class Consumed(NamedTuple):
    """What one look into an inbox gave: events by what became of them."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


class InboxConsumer:
    """One member of the consumer group; any number of them share the inboxes."""

    def __init__(self, store: EventStore, *, name: str, abandoned_ms: int = _ABANDONED_MS) -> None:
        """Consume under a name that a successor may take over."""
        self._store = store
        self._name = name
        self._abandoned_ms = abandoned_ms
        self._joined: set[str] = set()

    async def look(self, stream: Stream, moment: Moment) -> Consumed:
        """Apply what waits in the inbox of a product, with what a dead consumer left there, and acknowledge it.

        An event is acknowledged after it is applied, so one that was applied by a consumer that died then comes again
        and is a duplicate. Raises OnlineStoreUnavailableError.
        """
        try:
            with store_errors(self._store.address):
                messages = [*await self._abandoned(stream.product), *await self._new(stream.product)]
        except OnlineStoreUnavailableError:
            self._joined.discard(stream.product)  # a store that was emptied has no group
            raise
        if not messages:
            return Consumed()
        events = [
            read_json_event(stream.product, stream.streaming, (fields or {}).get(_FIELD, b""), moment)
            for _, fields in messages
        ]
        taken = await self._store.apply(stream, events)
        with store_errors(self._store.address):
            await self._acknowledge(stream.product, messages, taken)
        statuses = [each.status for each in taken]
        return Consumed(statuses.count("accepted"), statuses.count("duplicate"), statuses.count("refused"))

    async def _abandoned(self, product: str) -> list[_Message]:
        await self._join(product)
        told = await cast(
            "Awaitable[list[object]]",
            self._store.client.xautoclaim(
                inbox_key(product), GROUP, self._name, min_idle_time=self._abandoned_ms, count=_AT_ONCE
            ),
        )
        return cast("list[_Message]", told[1])

    async def _new(self, product: str) -> list[_Message]:
        told = await self._store.client.xreadgroup(GROUP, self._name, {inbox_key(product): ">"}, count=_AT_ONCE)
        return [message for _, messages in told for message in messages] if told else []

    async def _join(self, product: str) -> None:
        if product in self._joined:
            return
        try:
            await self._store.client.xgroup_create(inbox_key(product), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._joined.add(product)

    async def _acknowledge(self, product: str, messages: Sequence[_Message], taken: Sequence[Taken]) -> None:
        pipeline = self._store.client.pipeline(transaction=True)
        for (_, fields), each in zip(messages, taken, strict=True):
            if each.status == "refused":
                told: dict[FieldT, EncodableT] = {
                    "event": (fields or {}).get(_FIELD, b""),
                    "why": each.why or "",
                    "problem": each.problem or "",
                }
                pipeline.xadd(refused_key(product), told, maxlen=_MOST_REFUSED, approximate=True)
        ids = [message_id for message_id, _ in messages]
        pipeline.xack(inbox_key(product), GROUP, *ids)
        pipeline.xdel(inbox_key(product), *ids)
        await pipeline.execute()
