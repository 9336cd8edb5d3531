"""How late the event loop is: the delay that everything which waits in this process shares."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from platform_assets.serving.metrics import Metrics

_EVERY_S = 0.02
_DECAY = 0.7  # a peak is forgotten within a few tenths of a second


class LoopLag:
    """Measures the lag in the background; `seconds` is the recent peak."""

    def __init__(self, metrics: Metrics) -> None:
        """Measure once `measuring` is entered."""
        self._metrics = metrics
        self.seconds = 0.0

    @asynccontextmanager
    async def measuring(self) -> AsyncIterator[None]:
        """Measure for as long as the context lasts."""
        task = asyncio.create_task(self._measure(), name="measure the event loop")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _measure(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due = now() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            late = max(now() - due, 0.0)
            self.seconds = max(late, self.seconds * _DECAY)
            self._metrics.observe_loop_lag(late)
