"""Follows the live pointers in the background for as long as the app lives."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from platform_assets.background import in_background
from platform_assets.serving.health import Component
from platform_assets.serving.parts import Parts

_POLL_SECONDS = 1.0
_RETRY_EVERY_LOOKS = 30


class Follower:
    """One background task; when it ends by a bug of ours, health says so instead of serving an old release silently."""

    def __init__(self, *, every_s: float = _POLL_SECONDS) -> None:
        """Follow every `every_s` seconds once `running` is entered."""
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self, parts: Parts) -> AsyncIterator[None]:
        """Load all releases, then follow the pointers until the context ends."""
        await parts.refresh()
        try:
            async with in_background(self._follow(parts), "follow live pointers") as self._task:
                yield
        finally:
            await parts.heart.traffic.finish()

    def component(self) -> Component:
        """Tell whether new releases are noticed."""
        if self._task is None or self._task.done():
            return Component(status="degraded", detail="new releases are not noticed: restart the endpoint")
        return Component(status="ok", detail=f"live pointers are read every {self._every_s:g} s")

    async def _follow(self, parts: Parts) -> None:
        for look in itertools.count(1):
            await asyncio.sleep(self._every_s)
            # What failed for a passing reason (no file handle, a short error of the disk) is tried again by itself.
            await parts.refresh(again=look % _RETRY_EVERY_LOOKS == 0)
