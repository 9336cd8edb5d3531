"""Writes the access log off the request path: an access is queued in memory and on disk a moment later."""

import threading
import time
from collections import deque
from collections.abc import Callable

from platform_assets.access.log_blocks import Access
from platform_assets.access.log_chain import Chain

_GATHER_S = 0.05  # a kill loses this much at most
_RETRY_S = 0.5
_MOST_IN_BLOCK = 1000
_MOST_WAITING = 100_000
_KEPT_FOR_DENIALS = 20_000


class AccessLog:
    """Takes accesses from one process.

    While the disk takes nothing they wait in memory. When there are too many, nothing is allowed any more (see
    `is_blocked`); denials are still taken, and beyond the last place they are counted.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        most_waiting: int = _MOST_WAITING,
        kept_for_denials: int = _KEPT_FOR_DENIALS,
        retry_s: float = _RETRY_S,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start the writer; `say` gets a line when the disk begins to refuse."""
        self._chain = chain
        self._waiting: deque[Access] = deque()
        self._most_waiting, self._most_allowed = most_waiting, most_waiting - kept_for_denials
        self._retry_s, self._say = retry_s, say
        self._lost = self._lost_written = 0  # the first is the caller's, the second the writer's
        self._news, self._is_closing = threading.Event(), threading.Event()
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    @property
    def is_blocked(self) -> bool:
        """Whether an access that nobody could account for later has to be refused."""
        return len(self._waiting) >= self._most_allowed or not self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many accesses are not on disk yet."""
        return len(self._waiting)

    def add(self, access: Access) -> None:
        """Queue an access; returns at once."""
        if len(self._waiting) >= self._most_waiting:
            self._lost += 1
            return
        self._waiting.append(access)
        if not self._news.is_set():
            self._news.set()

    def close(self, timeout_s: float) -> bool:
        """Write what waits and end; return whether all of it is on disk."""
        self._is_closing.set()
        self._news.set()
        self._thread.join(timeout_s)
        return not self._waiting and not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._is_closing.wait(_GATHER_S)
            self._news.clear()
            is_written = self._write_all()
            if self._is_closing.is_set() and (is_written or self.problem is not None):
                return
            if not is_written:
                self._is_closing.wait(self._retry_s)
                self._news.set()

    def _write_all(self) -> bool:
        while self._waiting or self._lost > self._lost_written:
            taken = [self._waiting[position] for position in range(min(len(self._waiting), _MOST_IN_BLOCK))]
            lost = self._lost - self._lost_written
            try:
                self._chain.append(taken, lost_denials=lost)
            except OSError as error:
                if self.problem is None:
                    self._say(f"the access log cannot be written ({error.strerror}); accesses wait in memory")
                self.problem = f"it cannot be written: {error.strerror}"
                return False
            for _ in taken:
                self._waiting.popleft()
            self._lost_written += lost
            self.problem = None
            time.sleep(0)  # let the event loop have the interpreter between two blocks
        return True
