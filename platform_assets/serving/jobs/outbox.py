"""Log entries of a chunk wait here, and go into the prediction log only after the chunk was committed.

So the log holds exactly the predictions of the output, under the same ids, whatever was killed in between.
"""

from collections.abc import Sequence

from platform_assets.errors import JobStorageError
from platform_assets.online.log_sinks import LogSinks

_ENTRIES_AT_ONCE = 5000


class Outbox:
    """Takes what the journal writes and keeps it for the commit."""

    def __init__(self) -> None:
        """Start empty."""
        self._held: list[bytes] = []

    def append(self, entries: list[bytes]) -> None:
        """Keep entries; this is what the journal calls."""
        self._held += entries

    def take(self) -> list[bytes]:
        """Return what is kept and start anew."""
        held, self._held = self._held, []
        return held


def send(writer: LogSinks, entries: Sequence[bytes]) -> None:
    """Return once all entries are in the stream or in the spool; raises JobStorageError when neither takes them."""
    for start in range(0, len(entries), _ENTRIES_AT_ONCE):
        refused = writer.stream.counts.refused
        writer.append(list(entries[start : start + _ENTRIES_AT_ONCE]))
        if not writer.flush() or writer.stream.counts.refused > refused:
            raise JobStorageError(problem="neither the online store nor the disk takes the prediction log")
