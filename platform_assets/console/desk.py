"""Where slow work is done: off the event loop, so many at once and no more, and nobody waits without an end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from platform_assets.errors import ConsoleBusyError, ConsoleDeadlineError

T = TypeVar("T")


class Desk:
    """Does work in a few threads. Work that outlives its deadline keeps its thread: the bound holds for it as well."""

    def __init__(self, *, threads: int, waiting: int, deadline_s: float) -> None:
        """Take `threads` pieces of work at once and let `waiting` more wait."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="console")
        self._most = threads + waiting
        self._deadline_s = deadline_s
        self._under_way, self._counting = 0, threading.Lock()

    async def do(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises ConsoleBusyError when too much is under way, and ConsoleDeadlineError when it takes too long.
        """
        if self._under_way >= self._most:
            raise ConsoleBusyError(under_way=self._under_way)
        with self._counting:
            self._under_way += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._ended)
        awaited = asyncio.wrap_future(future)
        done, _ = await asyncio.wait([awaited], timeout=self._deadline_s)
        if not done:
            future.cancel()  # as long as it has not begun
            raise ConsoleDeadlineError(seconds=self._deadline_s)
        return awaited.result()

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, _: Future[T]) -> None:
        # In the thread of the work, or in the one that cancelled it.
        with self._counting:
            self._under_way -= 1
