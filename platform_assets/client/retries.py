"""When a call is repeated, how long it waits before that, and how many repeats a client may afford."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom

Uniform = Callable[[float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The limits of one call: all its attempts together, each of them, and the pauses between them [s].

    Pauses double from `first_pause_s` to `longest_pause_s`, and each is drawn between nothing and that, so that clients
    which failed together do not come back together. After `deadline_s` no attempt begins.
    """

    attempts: int = 4
    deadline_s: float = 10.0
    attempt_s: float = 5.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 2.0
    uniform: Uniform = SystemRandom().uniform

    def pause_s(self, attempt: int, asked_s: float | None) -> float:
        """Return the pause after an attempt (1 is the first); never shorter than what the endpoint asked for."""
        most = min(self.longest_pause_s, self.first_pause_s * 2.0 ** (attempt - 1))
        return (asked_s or 0.0) + self.uniform(0.0, most)


@dataclass(slots=True)
class RetryBudget:
    """Repeats that one client may afford: each costs 1, each success earns a part of one, never above `capacity`.

    So an endpoint that is down gets few repeats from a busy client instead of several times the traffic.
    """

    capacity: float = 10.0
    earned: float = 0.1
    _left: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        """Begin with a full budget."""
        self._left = self.capacity

    def earn(self) -> None:
        """Count a success."""
        with self._lock:
            self._left = min(self.capacity, self._left + self.earned)

    def spend(self) -> bool:
        """Take one repeat; False when none is left."""
        with self._lock:
            is_left = self._left >= 1.0
            self._left -= is_left
            return is_left
