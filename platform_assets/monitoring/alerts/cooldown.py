"""Whether a change is news to somebody, given what they were told before."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal, NamedTuple

from platform_assets.monitoring.alerts.message import Level, rank

Verdict = Literal["tell", "wait", "nothing"]
COOLDOWN = dt.timedelta(minutes=30)


class Told(NamedTuple):
    """One thing that somebody was told about a topic: the level that it stood at, when, and of which incident."""

    level: Level
    at: dt.datetime
    incident: int | None = None


def known_of(incident: int | None, told: Sequence[Told], at: dt.datetime) -> list[Told]:
    """Return what counts as told of an incident: that one before it was broken too says nothing about this one."""
    if told and incident is not None and told[-1].incident not in {None, incident}:
        return [*told, Told("ok", at)]
    return list(told)


def verdict(now: Level, told: Sequence[Told], at: dt.datetime) -> Verdict:
    """Tell whether a level is news after what was told, oldest first.

    A worse level than the one last told is news, and waits only while something as bad was told within the cooldown.
    Nothing is said of a breach that goes on or has become less severe. That it is over is news where it was told.
    """
    last: Level = told[-1].level if told else "ok"
    if rank(now) < rank(last):
        return "tell" if rank(now) <= rank("warning") else "nothing"
    if rank(now) == rank(last):
        return "nothing"
    # A clock that was set back makes what was told lie ahead; that holds nothing up for longer.
    recent = [each for each in told if abs(at - each.at) < COOLDOWN]
    return "wait" if any(rank(each.level) >= rank(now) for each in recent) else "tell"


def ends_at(now: Level, told: Sequence[Told], at: dt.datetime) -> dt.datetime:
    """Return when the cooldown of a level ends that has to wait."""
    return max((each.at for each in told if rank(each.level) >= rank(now)), default=at) + COOLDOWN
