"""Where events come in, whichever way: which products take them, and how late an instant may be."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from platform_assets.background import in_background
from platform_assets.clock import BusinessClock, epoch_seconds
from platform_assets.contract.datasets import DATASETS
from platform_assets.errors import NoEventsError, OnlineStoreUnavailableError
from platform_assets.online.streaming.consumer import Consumed, InboxConsumer
from platform_assets.online.streaming.events import Moment, Scalar
from platform_assets.online.streaming.taking import EventStore, Stream, Taken
from platform_assets.serving.health import Component
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import Releases

_EVERY_S = 0.2
_AWAY_S = 1.0
_CLOCKS_DIFFER = dt.timedelta(minutes=5)
_REPLAYED = dt.timedelta(days=2)  # how far beyond its pinned instant replayed business time may go on


class EventDesk:
    """Takes the events of the products whose release in force declares them."""

    def __init__(
        self,
        store: EventStore,
        releases: Releases,
        *,
        clock: BusinessClock,
        wall: Callable[[], dt.datetime],
        name: str = "worker-0",
    ) -> None:
        """Take events for these releases; `name` is the member of the consumer group that this process is."""
        self._store = store
        self._releases = releases
        self._clock = clock
        self._wall = wall
        self._consumer = InboxConsumer(store, name=name)
        self._task: asyncio.Task[None] | None = None
        self._consumed = Consumed()
        self._is_away = False

    async def take(self, product: str, sent: list[dict[str, Scalar]]) -> list[Taken]:
        """Return what became of events.

        Raises UnknownProductError, NoReleaseError, NoEventsError, and OnlineStoreUnavailableError, after which all of
        them may be sent again.
        """
        live = self._releases.current(product)
        stream = _stream(live)
        if stream is None:
            raise NoEventsError(product=product)
        return await self._store.take(stream, sent, self._moment(live))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Consume the inboxes until the context ends."""
        try:
            async with in_background(self._consume(), "consume events") as self._task:
                yield
        finally:
            await self._store.close()

    def component(self) -> Component:
        """Tell whether the inboxes are consumed."""
        if self._task is None or self._task.done():
            return Component(status="degraded", detail="inboxes are not read: restart the endpoint")
        if self._is_away:
            return Component(status="degraded", detail="the online store is away: events wait with their producers")
        accepted, duplicates, refused = self._consumed
        return Component(status="ok", detail=f"from inboxes {accepted} accepted, {duplicates} again, {refused} refused")

    async def _consume(self) -> None:
        while True:
            lives = [state.live for state in self._releases.states.values() if state.live is not None]
            consumed = 0
            for live in lives:
                consumed += await self._look(live)
            await asyncio.sleep(_AWAY_S if self._is_away else 0 if consumed else _EVERY_S)

    async def _look(self, live: LiveRelease) -> int:
        stream = _stream(live)
        if stream is None:
            return 0
        try:
            found = await self._consumer.look(stream, self._moment(live))
        except OnlineStoreUnavailableError:
            self._is_away = True
            return 0
        self._is_away = False
        self._consumed = Consumed(*(one + more for one, more in zip(self._consumed, found, strict=True)))
        return found.total

    def _moment(self, live: LiveRelease) -> Moment:
        wall = self._wall()
        pinned = DATASETS[live.product.dataset].replay_now + _REPLAYED
        latest = self._clock.now(pinned=pinned, wall=wall) + _CLOCKS_DIFFER
        return Moment(epoch_seconds(wall), epoch_seconds(latest))


def _stream(live: LiveRelease) -> Stream | None:
    streaming = live.product.online.streaming if live.product.online else None
    return None if streaming is None else Stream(live.product.name, streaming)
