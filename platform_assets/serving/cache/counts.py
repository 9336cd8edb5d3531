"""What a cache did, counted in rows; it only grows, so that rates can be taken from it."""

from dataclasses import dataclass


@dataclass(slots=True)
class CacheCounts:
    """The rows of one product since the start of the process.

    Every row asked for was found in the local or the shared tier, was computed, or joined a computation of an equal
    row that was under way.
    """

    asked: int = 0
    local: int = 0
    shared: int = 0
    joined: int = 0
    computed: int = 0

    @property
    def reused_ratio(self) -> float:
        """The part of all rows that the engine did not have to score, 0 before the first one."""
        return 1.0 - self.computed / self.asked if self.asked else 0.0
