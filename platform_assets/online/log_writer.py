"""Writes the prediction log in the background: to the stream, or to a spool file while Redis is away."""

import threading
from collections import deque
from pathlib import Path

import msgspec

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.online.connection import connect
from platform_assets.online.spool import Spool
from platform_assets.online.stream import append_batch, replay

_MOST_ENTRIES_PER_TURN = 5000


class LogCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries were queued, are in the stream, wait in the spool, wait in memory, and were refused."""

    appended: int
    streamed: int
    spooled: int
    waiting: int
    refused: int


class LogWriter:
    """Takes entries without delay and keeps their order; what `flush` acknowledged is in the stream or on disk."""

    def __init__(
        self,
        url: str,
        spool_dir: Path,
        *,
        stream: str = PREDICTION_STREAM,
        capacity: int = 100_000,
        timeout_s: float = 0.25,
        pause_s: float = 0.05,
        fsync: bool = True,
    ) -> None:
        """Start the background thread. `capacity` bounds the entries in memory, `pause_s` is the rest between tries."""
        self._stream, self._spool_dir, self._fsync = stream, spool_dir, fsync
        self._capacity, self._pause_s = capacity, pause_s
        self._client = connect(url, timeout_s=timeout_s)
        self._spool: Spool | None = None
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._appended = self._safe = self._streamed = self._spooled = self._refused = 0
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)
        self._thread.start()

    def append(self, entries: list[bytes]) -> None:
        """Queue entries and return at once; beyond the capacity they are refused as a whole and counted."""
        with self._changed:
            if len(self._queue) + len(entries) > self._capacity or self._is_closing:
                self._refused += len(entries)
                return
            self._queue.extend(entries)
            self._appended += len(entries)
            self._changed.notify_all()

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until everything appended so far is in the stream or on disk; False when time ran out before."""
        with self._changed:
            target = self._appended
            return self._changed.wait_for(lambda: self._safe >= target, timeout_s)

    def close(self, timeout_s: float = 30.0) -> bool:
        """Flush, end the thread and tell whether everything is safe; a spool file stays for the drain."""
        is_safe = self.flush(timeout_s)
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        self._client.close()
        return is_safe

    @property
    def counts(self) -> LogCounts:
        """What became of the entries so far."""
        with self._changed:
            return LogCounts(
                appended=self._appended,
                streamed=self._streamed,
                spooled=self._spooled,
                waiting=self._appended - self._safe,
                refused=self._refused,
            )

    def _work(self) -> None:
        while self._wait_for_work():
            with self._changed:
                batch = [self._queue[i] for i in range(min(len(self._queue), _MOST_ENTRIES_PER_TURN))]
            is_done = self._send(batch)
            with self._changed:
                if is_done:  # entries leave the queue only when they are safe: an error loses none
                    for _ in batch:
                        self._queue.popleft()
                    self._safe += len(batch)
                if self._spool is not None or not is_done:
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._is_closing, self._pause_s)
                self._changed.notify_all()
        if self._spool is not None:
            self._spool.close()

    def _wait_for_work(self) -> bool:
        with self._changed:
            # With a spool file to bring back there is always work: trying again is the only way to see Redis return.
            self._changed.wait_for(lambda: self._queue or self._is_closing or self._spool is not None)
            return not self._is_closing

    def _send(self, batch: list[bytes]) -> bool:
        try:
            self._bring_back()
            append_batch(self._client, self._stream, batch)
        except (OnlineStoreUnavailableError, OSError):  # the store, or the spool file that could not be read
            return self._save(batch)
        with self._changed:
            self._streamed += len(batch)
        return True

    def _bring_back(self) -> None:
        if self._spool is None:
            return
        count = replay(self._client, self._stream, self._spool)
        with self._changed:
            self._spool = None
            self._spooled -= count
            self._streamed += count

    def _save(self, batch: list[bytes]) -> bool:
        if not batch:
            return True
        try:
            self._spool = self._spool_on_disk()
            self._spool.append(batch)
        except OSError:
            return False  # a full disk as well: the entries stay in memory and both are tried again
        with self._changed:
            self._spooled += len(batch)
        return True

    def _spool_on_disk(self) -> Spool:
        if self._spool is None:
            return Spool.create(self._spool_dir, fsync=self._fsync)
        return self._spool.written_anew() if self._spool.is_gone else self._spool
