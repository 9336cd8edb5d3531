"""Cron lines: the instants they are due, and wrong ones refused."""

import datetime as dt

import pytest

from platform_assets.contract.cron import firings, next_firing

MONDAY = dt.date(2026, 3, 2)
WEDNESDAY = dt.datetime(2026, 3, 4, 12, 30, tzinfo=dt.UTC)


def due(cron: str, days: int = 14) -> list[str]:
    return [f"{instant:%m-%d %H:%M}" for instant in firings(cron, MONDAY, MONDAY + dt.timedelta(days=days - 1))]


@pytest.mark.parametrize(
    ("cron", "instants"),
    [
        ("0 4 * * 1", ["03-02 04:00", "03-09 04:00"]),
        ("30 4 1 * *", []),
        ("30 4 10 3 *", ["03-10 04:30"]),
        ("0 0 * * 0", ["03-08 00:00", "03-15 00:00"]),
        ("0 0 * * 7", ["03-08 00:00", "03-15 00:00"]),
        ("0 6 3 * 1", ["03-02 06:00", "03-03 06:00", "03-09 06:00"]),
        ("0,30 8-9 5 * *", ["03-05 08:00", "03-05 08:30", "03-05 09:00", "03-05 09:30"]),
        ("0 */12 4 * *", ["03-04 00:00", "03-04 12:00"]),
    ],
)
def test_a_cron_line_is_due_at(cron: str, instants: list[str]) -> None:
    assert due(cron) == instants


@pytest.mark.parametrize("cron", ["", "0 4 * *", "0 24 * * *", "x 4 * * *", "0 4 * * 1-x", "0 4 9-3 * *", "@daily"])
def test_a_wrong_line_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"no cron line|neither|not within"):
        due(cron)


def test_a_leap_day_is_a_day() -> None:
    (found,) = firings("0 3 29 2 *", dt.date(2028, 1, 1), dt.date(2028, 12, 31))
    assert found == dt.datetime(2028, 2, 29, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 6 * * 1", "2026-03-09T06:00"),
        ("30 12 * * *", "2026-03-05T12:30"),  # never the instant itself
        ("31 12 * * *", "2026-03-04T12:31"),
        ("0 6 1 * *", "2026-04-01T06:00"),
        ("*/15 * * * *", "2026-03-04T12:45"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0 6 * * 0", "2026-03-08T06:00"),
        ("0 6 * * 7", "2026-03-08T06:00"),
        ("0 6 * * 5-7", "2026-03-06T06:00"),
        ("0 6 10 * 4", "2026-03-05T06:00"),  # either day is enough
        ("5,50 8-10/2 * * *", "2026-03-05T08:05"),
    ],
)
def test_the_next_instant_of_a_cron_expression_is_found(cron: str, expected: str) -> None:
    assert next_firing(cron, WEDNESDAY) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    paris = WEDNESDAY.astimezone(dt.timezone(dt.timedelta(hours=11)))
    assert next_firing("0 6 * * 1", paris) == next_firing("0 6 * * 1", WEDNESDAY)


def test_a_day_that_never_comes_ends_the_search() -> None:
    assert next_firing("0 0 31 2 *", WEDNESDAY) is None
