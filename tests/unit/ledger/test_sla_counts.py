"""Units by the hour: each growth of a counter counts once, whoever reads it and whatever restarts."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.sla_counts import Objected, Units, add_units, first_hour, growth, units_since

AT = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)
LATENCY = Objected("churn", "online", "latency")


@pytest.fixture
def counted(ledger: Ledger) -> Ledger:
    for hours, bad in ((0, 1), (1, 2), (30, 4)):
        add_units(ledger, LATENCY, Units(100 - bad, 100), AT - hours * HOUR)
    return ledger


def test_units_of_one_hour_add_up_and_other_measures_stay_apart(counted: Ledger) -> None:
    add_units(counted, LATENCY, Units(5, 10), AT + dt.timedelta(minutes=20))
    add_units(counted, Objected("churn", "online", "error_rate"), Units(0, 7), AT)
    assert units_since(counted, LATENCY, AT, AT) == Units(104, 110)


def test_a_window_sums_the_hours_that_it_touches(counted: Ledger) -> None:
    assert units_since(counted, LATENCY, AT - HOUR, AT) == Units(197, 200)
    assert units_since(counted, LATENCY, AT - 40 * HOUR, AT).bad == 7
    assert units_since(counted, LATENCY, AT - 40 * HOUR, AT - 20 * HOUR) == Units(96, 100)


def test_the_first_hour_of_a_window_is_told(counted: Ledger) -> None:
    assert first_hour(counted, LATENCY, AT - 2 * HOUR) == AT.replace(hour=11, minute=0)
    assert first_hour(counted, Objected("clv", "online", "latency"), AT - 2 * HOUR) is None


def test_nothing_is_bad_where_nothing_was_counted() -> None:
    assert (Units().bad, Units().bad_share) == (0.0, 0.0)


def test_a_first_reading_has_grown_from_zero_and_the_next_by_the_difference(ledger: Ledger) -> None:
    assert growth(ledger, "endpoint", {"answers": 10.0}, AT) == {"answers": 10.0}
    assert growth(ledger, "endpoint", {"answers": 25.0, "errors": 1.0}, AT + SECOND) == {"answers": 15.0, "errors": 1.0}


def test_a_reading_that_is_read_again_has_grown_by_nothing(ledger: Ledger) -> None:
    growth(ledger, "endpoint", {"answers": 10.0}, AT)
    assert growth(ledger, "endpoint", {"answers": 10.0}, AT) == {"answers": 0.0}


def test_counters_that_fell_began_anew(ledger: Ledger) -> None:
    growth(ledger, "endpoint", {"answers": 100.0, "errors": 0.0}, AT)
    assert growth(ledger, "endpoint", {"answers": 7.0, "errors": 2.0}, AT + SECOND) == {"answers": 7.0, "errors": 2.0}
    growth(ledger, "endpoint", {"answers": 7.0, "errors": 2.0}, AT + 2 * SECOND)
    assert growth(ledger, "endpoint", {"errors": 1.0}, AT + 3 * SECOND) == {"errors": 1.0}


def test_a_reader_that_was_overtaken_counts_nothing_and_is_no_restart(ledger: Ledger) -> None:
    growth(ledger, "endpoint", {"answers": 20.0}, AT + SECOND)
    assert growth(ledger, "endpoint", {"answers": 12.0}, AT) == {"answers": 0.0}
    assert growth(ledger, "endpoint", {"answers": 21.0}, AT + 2 * SECOND) == {"answers": 1.0}


def test_a_clock_that_was_set_back_does_not_stop_the_counting(ledger: Ledger) -> None:
    growth(ledger, "endpoint", {"answers": 20.0}, AT + 24 * HOUR)
    assert growth(ledger, "endpoint", {"answers": 26.0}, AT) == {"answers": 6.0}


def test_readers_at_once_count_each_answer_once(ledger: Ledger) -> None:
    def read(number: int) -> None:
        with ledger.transaction():
            grown = growth(ledger, "endpoint", {"answers": 10.0 * number}, AT + number * SECOND)["answers"]
            add_units(ledger, LATENCY, Units(grown, grown), AT)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(read, range(1, 17)))
    assert units_since(ledger, LATENCY, AT, AT) == Units(160, 160)


def test_a_reading_whose_units_were_not_written_is_read_again(ledger: Ledger) -> None:
    def killed() -> None:
        with ledger.transaction():
            growth(ledger, "endpoint", {"answers": 10.0}, AT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert growth(ledger, "endpoint", {"answers": 10.0}, AT + SECOND) == {"answers": 10.0}
