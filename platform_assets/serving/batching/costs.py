"""How long an engine takes for a number of rows, learnt from its calls."""

from collections import OrderedDict
from collections.abc import Hashable

# A call is never faster than the work, but often slower: it waits for a core or for the interpreter. So the estimate
# follows a faster call at once and a slower one reluctantly.
_WEIGHT_OF_FASTER, _WEIGHT_OF_SLOWER = 0.5, 0.1
_MOST_ENGINES = 256


class Costs:
    """Seconds per engine and size class; a size class is a power of two of rows.

    Not seconds per row: an engine with a fixed price per call (a GPU, another process) looks cheap by the row after
    one large batch, and a single row would then be scored where it holds up everybody.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._seconds: OrderedDict[Hashable, dict[int, float]] = OrderedDict()

    def observe(self, engine: Hashable, rows: int, seconds: float) -> None:
        """Take in one call."""
        known = self._seconds.get(engine)
        if known is None:
            known = self._seconds[engine] = {}
            if len(self._seconds) > _MOST_ENGINES:
                self._seconds.popitem(last=False)
        size = rows.bit_length()
        before = known.get(size, seconds)
        weight = _WEIGHT_OF_FASTER if seconds < before else _WEIGHT_OF_SLOWER
        known[size] = before + weight * (seconds - before)

    def estimate(self, engine: Hashable, rows: int) -> float:
        """Return the seconds that a call is expected to take at most; infinite for an engine that never ran."""
        known = self._seconds.get(engine)
        if not known:
            return float("inf")
        size = rows.bit_length()
        if size in known:
            return known[size]
        larger = [each for each in known if each > size]
        if larger:
            return known[min(larger)]
        largest = max(known)
        return known[largest] * rows / 2.0 ** (largest - 1)

    def rows_within(self, engine: Hashable, seconds: float) -> int:
        """Return how many rows are expected to be done in a time, 0 for an engine that never ran."""
        known = self._seconds.get(engine)
        if not known:
            return 0
        largest = max(known)
        return int(2.0 ** (largest - 1) * seconds / max(known[largest], 1e-9))
