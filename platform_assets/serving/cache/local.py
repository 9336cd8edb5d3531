"""The first tier: the scores that this process computed or fetched last, bounded in number and in age."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from platform_assets.serving.cache.prediction import Prediction


class LocalTier:
    """Least recently used entries go first; every operation costs the same however many there are.

    For one event loop, without locks. `now` is a monotonic instant in seconds: no clock that is set can make an entry
    live longer.
    """

    def __init__(self, max_entries: int) -> None:
        """Take the bound on entries; it may be changed later."""
        self.max_entries = max_entries
        self._entries: OrderedDict[bytes, tuple[float, Prediction]] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        """Return the number of entries, expired ones that nobody asked for included."""
        return len(self._entries)

    def find(self, keys: Sequence[bytes], now: float) -> list[Prediction | None]:
        """Return one prediction or None per key; what has expired is dropped."""
        return [self._find(key, now) for key in keys]

    def keep(self, key: bytes, prediction: Prediction, *, expires_at: float) -> None:
        """Keep a prediction until a monotonic instant, or until the bound pushes it out."""
        self.keep_all({key: prediction}, expires_at=expires_at)

    def keep_all(self, predictions: Mapping[bytes, Prediction], *, expires_at: float) -> None:
        """Keep predictions until a monotonic instant, or until the bound pushes them out."""
        entries = self._entries
        for key, prediction in predictions.items():
            entries[key] = (expires_at, prediction)
            entries.move_to_end(key)
        while len(entries) > self.max_entries:
            entries.popitem(last=False)
            self.evicted += 1

    def _find(self, key: bytes, now: float) -> Prediction | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires_at, prediction = entry
        if now >= expires_at:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return prediction
