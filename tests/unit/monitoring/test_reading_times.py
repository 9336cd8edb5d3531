"""When a consumer reads next: cron in UTC, by hand-checked instants."""

import datetime as dt

import pytest

from platform_assets.monitoring.incidents.reading_times import next_reading

AT = dt.datetime(2026, 3, 4, 12, 30, tzinfo=dt.UTC)  # a Wednesday


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
    assert next_reading(cron, AT) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    paris = AT.astimezone(dt.timezone(dt.timedelta(hours=11)))
    assert next_reading("0 6 * * 1", paris) == next_reading("0 6 * * 1", AT)


def test_a_day_that_never_comes_ends_the_search() -> None:
    assert next_reading("0 0 31 2 *", AT) is None


@pytest.mark.parametrize("cron", ["", "0 6 * *", "0 25 * * *", "a b c d e", "0 6 * * 9", "9-5 * * * *"])
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        next_reading(cron, AT)
