"""Which calls of a turn are scored together: those of one release and one business instant."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from platform_assets.serving.asked import Asked
from platform_assets.serving.heart import Heart
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.quick.letter import Letter
from platform_assets.serving.row_types import RowTuple


class PlainAsked(NamedTuple):
    """A letter whose rows hold every stored feature themselves."""

    letter: Letter
    asked: Asked
    stored: list[RowTuple]


@dataclass(slots=True)
class Group:
    """Calls that one release answers, for one business instant."""

    live: LiveRelease
    event_at: dt.datetime
    predicted_at: dt.datetime
    calls: list[PlainAsked] = field(default_factory=list)
    rows: int = 0


def group(heart: Heart, turn: Iterable[PlainAsked], predicted_at: dt.datetime, *, most_rows: int) -> list[Group]:
    """Return the calls of a turn in groups of up to so many rows, or of one larger call."""
    groups: list[Group] = []
    filling: dict[tuple[str, int, dt.datetime], Group] = {}
    for call in turn:
        live, rows = call.asked.live, call.asked.rows
        event_at = heart.event_at(live, rows, None, predicted_at)
        key, count = (live.release.release_id, id(live), event_at), len(call.stored)
        into = filling.get(key)
        if into is None or into.rows + count > most_rows:
            into = filling[key] = Group(live, event_at, predicted_at)
            groups.append(into)
        into.calls.append(call)
        into.rows += count
    return groups
