"""Keeps access control up to date while a server runs, and its log whole when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from platform_assets.access.control import AccessControl

_EVERY_S = 1.0
_LOG_CLOSE_S = 5.0


@asynccontextmanager
async def following(control: AccessControl, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Follow policy, keys and issuer inside this context; at its end every access is on disk.

    `say` gets each new problem, and how many accesses could not be logged.
    """
    await asyncio.to_thread(control.refresh)
    if control.problem is not None:
        say(control.problem)
    task = asyncio.create_task(_follow(control, say), name="follow policy and keys")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if not await asyncio.to_thread(control.log.close, _LOG_CLOSE_S):
            say(f"{control.log.waiting} accesses could not be logged: {control.log.problem}")


async def _follow(control: AccessControl, say: Callable[[str], None]) -> None:
    said = control.problem
    while True:
        await asyncio.sleep(_EVERY_S)
        await asyncio.to_thread(control.refresh)
        if control.problem is not None and control.problem != said:
            say(control.problem)
        said = control.problem
