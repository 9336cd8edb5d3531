"""Stored features behind a circuit breaker: a hung store costs its time budget a few times, not for every request."""

from collections.abc import Mapping

from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import Column
from platform_assets.serving.breaker import CircuitBreaker
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.sources import FeatureSource
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored

# A snapshot that is missing, damaged or of other columns is an answer of a store that works.
_STORE_FAILED: Reason = "online_store_unavailable"


class GuardedFeatures:
    """Reads another source while its breaker lets it; otherwise says at once that the store is away."""

    def __init__(self, source: FeatureSource, breaker: CircuitBreaker) -> None:
        """Take the source and the breaker of the store behind it."""
        self._source = source
        self._breaker = breaker

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        """Return the stored features of all rows; nothing, with the reason, while the breaker is open."""
        ticket = self._breaker.enter()
        if ticket is None:
            return nothing_stored(live.product, _row_count(columns), failure=_STORE_FAILED)
        reported = False
        try:
            stored = await self._source.read(live, columns)
            reported = True
        finally:
            if not reported:  # cancelled by a deadline or a caller: that says nothing about the store
                self._breaker.abandoned(ticket)
        if stored.failure == _STORE_FAILED:
            self._breaker.failed(ticket)
        else:
            self._breaker.succeeded(ticket)
        return stored

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:
        """Return the snapshot in force; None when there is none, or the store is away or left alone."""
        return None if self._breaker.state == "open" else await self._source.snapshot(live)


def _row_count(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values())))
