"""Times the stages of one call, one after the other."""

from collections.abc import Callable


class Laps:
    """A stopwatch: each lap ends one stage and begins the next; `stages` holds (stage, seconds) in order."""

    __slots__ = ("_last", "_started", "_timer", "stages")

    def __init__(self, timer: Callable[[], float]) -> None:
        """Start the first stage."""
        self._timer = timer
        self._started = self._last = timer()
        self.stages: list[tuple[str, float]] = []

    def lap(self, stage: str) -> None:
        """End a stage and begin the next."""
        now = self._timer()
        self.stages.append((stage, now - self._last))
        self._last = now

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds from the start to the end of the last lap."""
        return round((self._last - self._started) * 1000.0, 3)
