"""The one function from what is stored of an entity to its features at an instant: nothing is counted twice.

What the batch knows (`Base`) answers for everything before its `closed_until`; what events told since then is added.
A bucket keeps its first event wherever that was heard of, so a bucket that both know counts once. Columns that add to
the value of the snapshot count only buckets that began at or after the as-of of that very snapshot.
"""

import math
from collections.abc import Callable, Mapping
from itertools import chain
from typing import NamedTuple

from platform_assets.contract.streaming import PLUS, StreamedColumn, StreamedOperation, StreamingFeatures
from platform_assets.online.streaming.buckets import DAY_S, MICROS, Base, Bucket, Buckets, First

_HOUR_S = 3600
_MINUTE_S = 60
_NANOS = 1_000_000_000


class Stored(NamedTuple):
    """What the snapshot holds of an entity's view: its event time (NaN where it has no row), its as-of, its values."""

    event_time: float
    as_of: float
    values: Mapping[str, float]


class Refreshed(NamedTuple):
    """The columns that events change, and the instant of the newest event in them."""

    values: dict[str, float]
    event_time: float


class _View(NamedTuple):
    """What is known up to an instant; `newest` is the begin of the last bucket of it."""

    streaming: StreamingFeatures
    state: Buckets
    base: Base
    event_at: float
    newest: int

    def first(self, begin: int) -> First | None:
        """Return the first event of a bucket wherever it was heard of, None where none is known by then."""
        known, bucket = self.base.firsts.get(begin), self.state.get(begin)
        if bucket is not None and bucket.first_at >= self.base.closed_until:
            told = (bucket.first_at, *bucket.first)
            known = told if known is None else min(known, told, key=_instant)
        return None if known is None or known[0] > self.event_at else known

    def measure(self, name: str | None, begin: int) -> float:
        """Return the first measure of a bucket, NaN where nothing happened."""
        first = self.first(begin)
        return math.nan if first is None else first[1 + _position(self.streaming, name)]

    @property
    def day(self) -> range:
        """The begins of the buckets of the newest one's UTC day up to it, the newest first."""
        early = self.streaming.early_minutes * _MINUTE_S
        midnight = (self.newest + early) // DAY_S * DAY_S
        return range(self.newest, midnight - early - 1, -self.streaming.bucket_minutes * _MINUTE_S)


def refresh(
    streaming: StreamingFeatures, state: Buckets, base: Base | None, stored: Stored, event_at: float
) -> Refreshed | None:
    """Return the refreshed columns of an entity at an instant, None where events have nothing newer to tell."""
    if not state:
        return None
    values: dict[str, float] = {}
    event_time = stored.event_time
    view = _newer_row(streaming, state, base, stored.event_time, event_at)
    if view is not None:
        rows = (each for each in streaming.columns if each.operation not in PLUS)
        values = {each.column: _OPERATIONS[each.operation](view, each) for each in rows}
        event_time = _event_at(view, streaming.columns[0])
    since = _since(streaming, state, stored.as_of, event_at)
    if since:
        values |= _plus(streaming, since, stored.values)
        event_time = max(bucket.first_at for bucket in since.values())
    return Refreshed(values, event_time) if values else None


def _newer_row(
    streaming: StreamingFeatures, state: Buckets, base: Base | None, event_time: float, event_at: float
) -> _View | None:
    if base is None or all(each.operation in PLUS for each in streaming.columns):
        return None
    if base.closed_until < _kept_since(streaming, state):  # events between the two were forgotten
        return None
    told = (begin for begin, bucket in state.items() if base.closed_until <= bucket.first_at <= event_at)
    known = (begin for begin, first in base.firsts.items() if first[0] <= event_at)
    newest = max(chain(told, known), default=None)
    if newest is None:
        return None
    view = _View(streaming, state, base, event_at, newest)
    first = view.first(newest)
    return None if first is None or first[0] <= event_time else view


def _instant(first: First) -> float:
    return first[0]


def _since(streaming: StreamingFeatures, state: Buckets, as_of: float, event_at: float) -> Buckets:
    if all(each.operation not in PLUS for each in streaming.columns) or as_of < _kept_since(streaming, state):
        return {}
    return {begin: bucket for begin, bucket in state.items() if as_of <= begin <= event_at}


def _kept_since(streaming: StreamingFeatures, state: Buckets) -> float:
    """Return from when on the state is whole."""
    return max(bucket.first_at for bucket in state.values()) - streaming.retention_hours * _HOUR_S


def _plus(streaming: StreamingFeatures, since: Mapping[int, Bucket], stored: Mapping[str, float]) -> dict[str, float]:
    values = {}
    for each in streaming.columns:
        if each.operation not in PLUS:
            continue
        held = stored[each.column]
        begun = 0.0 if math.isnan(held) else held
        if each.operation == "plus_count":
            values[each.column] = begun + sum(bucket.events for bucket in since.values())
        else:
            position = _position(streaming, each.measure)
            values[each.column] = begun + sum(bucket.sums[position] for bucket in since.values()) / MICROS
    return values


def _latest(view: _View, column: StreamedColumn) -> float:
    return view.measure(column.measure, view.newest)


def _event_at(view: _View, _: StreamedColumn) -> float:
    first = view.first(view.newest)
    return math.nan if first is None else first[0]


def _lag(view: _View, column: StreamedColumn) -> float:
    begin = view.newest - column.back[0] * view.streaming.bucket_minutes * _MINUTE_S
    return view.measure(column.measure, begin) if begin in view.day else math.nan


def _change(view: _View, column: StreamedColumn) -> float:
    return _latest(view, column) - _lag(view, column)


def _days_ago(view: _View, column: StreamedColumn) -> float:
    told = [view.measure(column.measure, view.newest - days * DAY_S) for days in column.back]
    known = [value for value in told if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _day_mean(view: _View, column: StreamedColumn) -> float:
    """Return the mean as the batch computes it: of values rounded to a billionth, so that their order is no matter."""
    told = [view.measure(column.measure, begin) for begin in view.day if view.first(begin) is not None]
    return sum(math.floor(value * _NANOS + 0.5) for value in told) / _NANOS / len(told)


_OPERATIONS: Mapping[StreamedOperation, Callable[[_View, StreamedColumn], float]] = {
    "latest": _latest,
    "event_at": _event_at,
    "lag": _lag,
    "change": _change,
    "days_ago": _days_ago,
    "day_mean": _day_mean,
}


def _position(streaming: StreamingFeatures, measure: str | None) -> int:
    return next(at for at, each in enumerate(streaming.measures) if each.name == measure)
