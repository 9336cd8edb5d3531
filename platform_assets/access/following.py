"""Keeps access control up to date while a server runs, and its log whole when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from platform_assets.access.control import AccessControl
from platform_assets.background import in_background

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
    try:
        async with in_background(_follow(control, say), "follow policy and keys"):
            yield
    finally:
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
