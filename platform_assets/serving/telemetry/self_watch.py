"""The endpoint's look at itself: how late its event loop is, and its counts told to the other workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from platform_assets.background import in_background
from platform_assets.serving.telemetry.metrics import Metrics

_EVERY_S = 0.02
_TURNS_PER_TELLING = 50  # about once a second
_DECAY = 0.7  # a peak is forgotten within a few tenths of a second


@asynccontextmanager
async def watching(metrics: Metrics) -> AsyncIterator[None]:
    """Measure the lag and tell the counts for as long as the context lasts, and once more at its end."""
    try:
        async with in_background(_watch(metrics), "watch the event loop"):
            yield
    finally:
        metrics.tell()


async def _watch(metrics: Metrics) -> None:
    now = asyncio.get_running_loop().time
    while True:
        for _ in range(_TURNS_PER_TELLING):
            due = now() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            late = max(now() - due, 0.0)
            metrics.loop_lag_s = max(late, metrics.loop_lag_s * _DECAY)
            metrics.observe_loop_lag(late)
        metrics.tell()
