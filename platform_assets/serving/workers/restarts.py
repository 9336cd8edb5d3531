"""When a worker that ended by itself is started again: at once the first time, later and later if it keeps ending."""

_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 30.0
_STEADY_S = 10.0  # a worker that lived this long was well


class Backoff:
    """The delay before the next start of one worker, in seconds."""

    def __init__(self) -> None:
        """Begin with no failure."""
        self._failures = 0

    @property
    def is_failing(self) -> bool:
        """Whether the worker ended soon after its start more than once."""
        return self._failures > 1

    def after_life_of(self, seconds: float) -> float:
        """Return the delay after a worker that lived so long."""
        self._failures = 1 if seconds >= _STEADY_S else self._failures + 1
        return float(min(_FIRST_DELAY_S * 2.0 ** (self._failures - 1), _LONGEST_DELAY_S))
