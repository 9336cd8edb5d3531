"""When a consumer reads next: the instants of the five fields of a cron expression, in UTC."""

import datetime as dt
from functools import cache

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
# A day that comes once in four years is found; one that never comes ends the search.
_SEARCHED_DAYS = 8 * 366
_SUNDAY = 7


def next_reading(cron: str, after: dt.datetime) -> dt.datetime | None:
    """Return the first instant of a cron expression after another instant, or None for one that never comes.

    Fields hold numbers, `*`, lists, ranges and steps; where both days are given, either is enough. Raises ValueError
    for anything else.
    """
    minutes, hours, days, months, weekdays = _parse(cron)
    has_days, has_weekdays = _restricts(cron, 2), _restricts(cron, 4)
    start = after.astimezone(dt.UTC)
    for offset in range(_SEARCHED_DAYS):
        day = start.date() + dt.timedelta(days=offset)
        in_month, in_week = day.day in days, day.isoweekday() in weekdays
        fits = in_month or in_week if has_days and has_weekdays else in_month and in_week
        if day.month not in months or not fits:
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                instant = dt.datetime.combine(day, dt.time(hour, minute), tzinfo=dt.UTC)
                if instant > after:
                    return instant
    return None


@cache
def _parse(cron: str) -> tuple[frozenset[int], ...]:
    fields = cron.split()
    if len(fields) != len(_BOUNDS):
        problem = f"{cron!r} has {len(fields)} fields, not {len(_BOUNDS)}: minute, hour, day, month, day of the week"
        raise ValueError(problem)
    parsed = [_values(field, low, high) for field, (low, high) in zip(fields, _BOUNDS, strict=True)]
    # Sunday is 0 and 7 in cron, 7 in ISO.
    parsed[4] = frozenset(_SUNDAY if day == 0 else day for day in parsed[4])
    return tuple(parsed)


def _values(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else int(first)
        end = high if first == "*" or (step and not last) else int(last or first)
        if not low <= begin <= end <= high:
            problem = f"{part!r} is not within {low} and {high}"
            raise ValueError(problem)
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _restricts(cron: str, field: int) -> bool:
    return not cron.split()[field].startswith("*")
