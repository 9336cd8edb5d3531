"""The prediction log as the endpoint sees it: entries go out in the background and never delay or fail an answer."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from platform_assets.contract.prediction_log import PredictionLogEntry, encode_entry

# Handing every answer over by itself wakes the writer's thread each time, which costs as much as the answer (measured).
_HAND_OVER_SECONDS = 0.02
_MOST_HELD = 500


class EntryWriter(Protocol):
    """Takes encoded entries and keeps them until they are in the stream or in the spool."""

    def append(self, entries: list[bytes]) -> None:
        """Queue entries; returns at once."""
        ...


class Journal:
    """Writes every answer to the prediction log (R127, R389), a few milliseconds of answers at a time."""

    def __init__(self, writer: EntryWriter) -> None:
        """Take the writer of the stream."""
        self._writer = writer
        self._held: list[bytes] = []

    def append(self, entries: Sequence[PredictionLogEntry]) -> None:
        """Log the rows of one answer; call it in the event loop."""
        self.append_encoded(map(encode_entry, entries))

    def append_encoded(self, entries: Iterable[bytes]) -> None:
        """Log rows that are encoded already; call it in the event loop."""
        if not self._held:
            asyncio.get_running_loop().call_later(_HAND_OVER_SECONDS, self.hand_over)
        self._held += entries
        if len(self._held) >= _MOST_HELD:
            self.hand_over()

    def hand_over(self) -> None:
        """Give what is held to the writer now; at the end of the app this comes before the writer is closed."""
        if self._held:
            held, self._held = self._held, []
            self._writer.append(held)
