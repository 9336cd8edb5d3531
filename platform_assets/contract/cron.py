"""When a cron line is due, in UTC: the five plain fields with `*`, lists, ranges and steps."""

import datetime as dt
from collections.abc import Iterator

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SUNDAY = 7
# A day that comes once in eight years is found (the leap day around 2100); one that never comes ends the search.
_SEARCHED = dt.timedelta(days=8 * 366)


def firings(cron: str, first: dt.date, last: dt.date) -> Iterator[dt.datetime]:
    """Yield the instants from the first to the last day, both included, in order; raises ValueError for a wrong line.

    As cron has it: where day of month and weekday are both given, either one is enough.
    """
    minutes, hours, days, months, weekdays = _fields(cron)
    is_any_day, is_any_weekday = (cron.split()[place] == "*" for place in (2, 4))
    for day in (first + dt.timedelta(days=number) for number in range((last - first).days + 1)):
        hits = (day.day in days, day.isoweekday() % _SUNDAY in {one % _SUNDAY for one in weekdays})
        is_due = all(hits) if is_any_day or is_any_weekday else any(hits)
        if is_due and day.month in months:
            yield from (
                dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC)
                for hour in sorted(hours)
                for minute in sorted(minutes)
            )


def next_firing(cron: str, after: dt.datetime) -> dt.datetime | None:
    """Return the first instant of a cron line after another instant, None for one that never comes.

    Raises ValueError for a wrong line.
    """
    start = after.astimezone(dt.UTC).date()
    return next((instant for instant in firings(cron, start, start + _SEARCHED) if instant > after), None)


def require_cron(cron: str) -> None:
    """Raise ValueError for a line that cannot be read."""
    _fields(cron)


def _fields(cron: str) -> list[frozenset[int]]:
    texts = cron.split()
    if len(texts) != len(_BOUNDS):
        problem = f"{cron!r} is no cron line of five fields"
        raise ValueError(problem)
    return [_values(text, *bounds, cron) for text, bounds in zip(texts, _BOUNDS, strict=True)]


def _values(text: str, low: int, high: int, cron: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        start, _, end = (f"{low}-{high}" if span == "*" else span).partition("-")
        try:
            stop = int(end) if end else high if step else int(start)
            found.update(range(int(start), stop + 1, int(step) if step else 1))
        except ValueError as error:
            problem = f"{part!r} in {cron!r} is neither a number, a range nor a step"
            raise ValueError(problem) from error
    if not found or min(found) < low or max(found) > high:
        problem = f"{text!r} in {cron!r} is not within {low} to {high}"
        raise ValueError(problem)
    return frozenset(found)
