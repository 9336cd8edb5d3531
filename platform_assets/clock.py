"""The only reader of the wall clock, and the business time that goes with it.

Two clocks rule the platform. *Wall time* is when something ran. *Business time* is what the data stands for: in
replay mode it is pinned to the end of the data, in live mode it is now. Logic takes both as arguments.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

ClockMode = Literal["replay", "live"]


def wall_now() -> dt.datetime:
    """Return the current instant in UTC; the one call to the system clock in the package."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class BusinessClock:
    """Tells the business time of a data set: the pinned instant in replay mode, the wall time in live mode."""

    mode: ClockMode

    def now(self, *, pinned: dt.datetime, wall: dt.datetime) -> dt.datetime:
        """Return the business instant in UTC, given the end of the data and the wall time."""
        return pinned if self.mode == "replay" else wall


def epoch_seconds(instant: dt.datetime) -> float:
    """Return seconds since 1970-01-01 UTC; exact for whole microseconds of our era."""
    return instant.timestamp()


def from_epoch(seconds: float) -> dt.datetime:
    """Return the UTC instant of a number of seconds since 1970-01-01."""
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)


def parse_instant(text: str) -> dt.datetime:
    """Read an ISO 8601 date or instant; without a zone it is taken as UTC. Raises ValueError."""
    instant = dt.datetime.fromisoformat(text)
    return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)


def midnight(day: dt.date) -> dt.datetime:
    """Return the as-of instant of a day: 00:00 UTC at its start, so only earlier data is available."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
