"""Circuit breakers: a dependency that keeps failing is left alone for a while, not paid for by every call."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]
Ticket = int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When a breaker opens and how long it stays open; all durations in seconds.

    It opens after `failures_in_a_row`, or when at least `min_calls` of the last `window_s` failed at `failure_ratio`.
    The pause doubles with each failed probe up to `longest_pause_s`, shortened at random by up to a half so that
    workers do not probe together. A probe that never reports back counts as lost after `probe_s`.
    """

    failures_in_a_row: int = 3
    failure_ratio: float = 0.5
    min_calls: int = 20
    window_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0
    probe_s: float = 1.0


class CircuitBreaker:
    """Guards one dependency: ask `enter` before a call; report `succeeded`, `failed` or `abandoned` with its ticket.

    Only what is reported as failed counts: report an error of the caller as succeeded, for the dependency did answer.
    Reports about calls from before the last change of state are ignored.
    """

    def __init__(
        self,
        *,
        timer: Callable[[], float] = time.monotonic,
        limits: BreakerLimits | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Start closed. `timer` is monotonic, in seconds; `chance` gives numbers from 0 to 1 for the jitter."""
        self._timer = timer
        self._limits = limits or BreakerLimits()
        self._chance = chance
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=1000)
        self._failed_in_window = 0
        self._in_a_row = 0
        self._pauses = 0
        self._opened_until: float | None = None
        self._probe_until: float | None = None
        self._generation: Ticket = 0
        self.opened = 0
        self.refused = 0

    @property
    def state(self) -> BreakerState:
        """The state now; `half_open` also when the pause is over and nobody has probed yet."""
        if self._opened_until is None:
            return "closed"
        return "open" if self._timer() < self._opened_until else "half_open"

    def enter(self) -> Ticket | None:
        """Return a ticket for one call, None when the call must not be made now."""
        if self._opened_until is None:
            return self._generation
        now = self._timer()
        is_probed = self._probe_until is not None and now < self._probe_until
        if now < self._opened_until or is_probed:
            self.refused += 1
            return None
        self._probe_until = now + self._limits.probe_s
        self._generation += 1  # a lost probe that reports late has no say any more
        return self._generation

    def succeeded(self, ticket: Ticket) -> None:
        """Report that the dependency answered; a probe closes the breaker by it."""
        if ticket != self._generation:
            return
        if self._opened_until is not None:
            self._close()
        self._in_a_row = 0
        self._remember(is_failure=False)

    def failed(self, ticket: Ticket) -> None:
        """Report that the dependency failed; a probe opens the breaker for longer by it."""
        if ticket != self._generation:
            return
        self._in_a_row += 1
        self._remember(is_failure=True)
        if self._opened_until is not None or self._is_too_much():
            self._open()

    def abandoned(self, ticket: Ticket) -> None:
        """Report that a call ended without saying anything about the dependency; the next one may probe instead."""
        if ticket == self._generation:
            self._probe_until = None

    def _is_too_much(self) -> bool:
        if self._in_a_row >= self._limits.failures_in_a_row:
            return True
        calls = len(self._outcomes)
        return calls >= self._limits.min_calls and self._failed_in_window >= self._limits.failure_ratio * calls

    def _open(self) -> None:
        pause_s = min(self._limits.first_pause_s * 2.0**self._pauses, self._limits.longest_pause_s)
        self._pauses = min(self._pauses + 1, 32)  # beyond any cap; the power stays a finite number
        self._opened_until = self._timer() + pause_s * (1.0 - 0.5 * self._chance())
        self._probe_until = None
        self._generation += 1
        self.opened += 1

    def _close(self) -> None:
        self._opened_until = self._probe_until = None
        self._pauses = self._failed_in_window = 0
        self._outcomes.clear()

    def _remember(self, *, is_failure: bool) -> None:
        now, outcomes = self._timer(), self._outcomes
        if len(outcomes) == outcomes.maxlen:
            self._forget_oldest()
        outcomes.append((now, is_failure))
        self._failed_in_window += is_failure
        while outcomes[0][0] < now - self._limits.window_s:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._failed_in_window -= self._outcomes.popleft()[1]
