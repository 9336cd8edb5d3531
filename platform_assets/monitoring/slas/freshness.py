"""Quarter hours in which an age was kept, from the changes of its promise: nothing has to be counted for it.

Between two looks a promise stays as the earlier one found it, also while nobody looked.
"""

import datetime as dt
from bisect import bisect_right
from itertools import pairwise

from platform_assets.contract.promises import PromiseName, PromiseState
from platform_assets.contract.slas import Mode
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import PromiseChange, PromiseStanding, promise_changes, promise_standings
from platform_assets.ledger.sla_counts import Units, keep_reading, last_reading

QUARTER = dt.timedelta(minutes=15)
AGE_OF: dict[Mode, PromiseName] = {"batch": "data_age", "online": "snapshot_age"}
_GOOD = frozenset({"kept", "at_risk"})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Freshness:
    """Where the ages of one mode of a product stood since they were first known; `first` is None while they are not."""

    def __init__(self, ledger: Ledger, product: str, mode: Mode) -> None:
        """Read the standings and changes of all subjects."""
        promise = AGE_OF[mode]
        with ledger.reading():
            standings = [one for one in promise_standings(ledger, product) if one.promise == promise]
            changes = promise_changes(ledger, product, promise=promise)
            kept = last_reading(ledger, _source(product, mode))
        known = [one.since for one in standings if _is_measured(one)]
        self.first = kept[0] if kept else min(known, default=None)
        self._lines = [_line(one, changes) for one in standings]

    def units(self, since: dt.datetime, until: dt.datetime) -> Units:
        """Return the quarters that begin in a stretch of time; one with an unknown age, or none yet, is no unit."""
        if self.first is None or until < max(since, self.first):
            return Units()
        start, end = max(since, self.first), until + dt.timedelta.resolution
        moments = sorted({start, end, *(at for began, _ in self._lines for at in began if start < at < end)})
        good = known = 0
        for begin, stop in pairwise(moments):  # between two moments no state changes
            states = {state_at(line, begin) for line in self._lines} - {"unknown"}
            quarters = _quarters_before(stop) - _quarters_before(begin)
            known += quarters * bool(states)
            good += quarters * (bool(states) and states <= _GOOD)
        return Units(float(good), float(known))


def _is_measured(standing: PromiseStanding) -> bool:
    """Tell whether there is something with an age: that nothing was made yet is no quarter of an old one."""
    return standing.state in _GOOD or (standing.state == "broken" and standing.value is not None)


def _quarters_before(instant: dt.datetime) -> int:
    return -((_EPOCH - instant) // QUARTER)


def keep_first_age(ledger: Ledger, product: str, mode: Mode) -> None:
    """Keep since when an age is known: a promise that was kept from the start leaves no change that would tell it."""
    with ledger.transaction():
        first = Freshness(ledger, product, mode).first
        if first is not None and last_reading(ledger, _source(product, mode)) is None:
            keep_reading(ledger, _source(product, mode), {}, first)


# When a state began, and the state; the first one has no beginning.
Line = tuple[list[dt.datetime], list[PromiseState]]


def state_at(line: Line, instant: dt.datetime) -> PromiseState:
    """Return the state of one subject at an instant."""
    began, states = line
    return states[bisect_right(began, instant)]


def _line(standing: PromiseStanding, changes: list[PromiseChange]) -> Line:
    own = [one for one in changes if one.subject == standing.subject]
    if not own:  # kept from the start: that is no change
        return [standing.since], ["unknown", standing.state]
    return [one.changed_at for one in own], [own[0].before, *(one.after for one in own)]


def _source(product: str, mode: Mode) -> str:
    return f"{AGE_OF[mode]} of {product}"
