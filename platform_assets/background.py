"""Work beside the rest of an event loop, which really ends when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_AGAIN_S = 0.5


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run `work` as a task inside this context; at its end the task has ended.

    Raises at the end what ended the task early, if anything did.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await ended(task)
        if not task.cancelled():
            task.result()


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until each has ended; raises nothing of theirs.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which redis-py writes through, forgets a cancellation that
    meets the end of what it waits for. A task that loops would go on for ever, and its server never stop.
    """
    open_ones = {task for task in tasks if not task.done()}
    while open_ones:
        for task in open_ones:
            task.cancel()
        _, open_ones = await asyncio.wait(open_ones, timeout=_AGAIN_S)
