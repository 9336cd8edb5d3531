"""What a batcher did; it only grows, so that rates can be taken from it."""

from dataclasses import dataclass


@dataclass(slots=True)
class BatchCounts:
    """The engine calls of one product since the start of the process.

    `calls` counts the calls that each engine call carried (a large one that was scored in parts once per part),
    `beside` the engine calls that ran in the thread, `waited_s` the time from a call's arrival to its first part.
    """

    engine_calls: int = 0
    calls: int = 0
    rows: int = 0
    beside: int = 0
    retried: int = 0
    dropped: int = 0
    refused: int = 0
    waited_s: float = 0.0
    longest_wait_s: float = 0.0

    @property
    def mean_calls(self) -> float:
        """The mean batch size in calls, 0 before the first engine call."""
        return self.calls / self.engine_calls if self.engine_calls else 0.0

    @property
    def mean_rows(self) -> float:
        """The mean batch size in rows, 0 before the first engine call."""
        return self.rows / self.engine_calls if self.engine_calls else 0.0

    def count(self, *, calls: int, rows: int) -> None:
        """Add one engine call."""
        self.engine_calls += 1
        self.calls += calls
        self.rows += rows
