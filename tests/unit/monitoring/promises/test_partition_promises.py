"""Each due as-of day: published, late, missing, refused, made up for, and no longer watched."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.monitoring.promises.partitions import due_days, observe_partitions
from tests.unit.monitoring.promises.promise_samples import DAY, HOUR, MONDAY, Records, make_records, states


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """Give a product that is scored each day at 03:00 and may be 18 hours late."""
    made = make_records(tmp_path, name="cancellation_risk")
    made.publish(MONDAY)
    return made


def look(records: Records, at: dt.datetime) -> list[Observation]:
    return observe_partitions(records.settings, records.ledger, records.product, at)


def test_what_was_due_before_the_first_publication_is_owed_to_nobody(records: Records) -> None:
    assert states(look(records, MONDAY + 12 * HOUR)) == {"2026-03-02": "kept"}


def test_a_day_is_not_due_before_its_hour(records: Records) -> None:
    assert "2026-03-03" not in states(look(records, MONDAY + DAY + 2 * HOUR))


def test_a_due_day_is_in_time_then_missing_and_kept_once_it_comes_late(records: Records) -> None:
    tuesday = MONDAY + DAY
    (waiting,) = (one for one in look(records, tuesday + 5 * HOUR) if one.subject == "2026-03-03")
    assert (waiting.state, waiting.facts["standing"]) == ("kept", "due, not published yet")
    assert states(look(records, tuesday + 22 * HOUR))["2026-03-03"] == "broken"
    records.publish(tuesday, at=tuesday + 23 * HOUR)
    found = next(one for one in look(records, tuesday + 24 * HOUR) if one.subject == "2026-03-03")
    assert (found.state, found.facts["standing"], found.value) == ("kept", "published late", 20.0)


def test_a_refused_day_is_broken_at_once(records: Records) -> None:
    records.refuse(MONDAY + DAY)
    found = next(one for one in look(records, MONDAY + DAY + 5 * HOUR) if one.subject == "2026-03-03")
    assert (found.state, found.facts["standing"]) == ("broken", "refused")


def test_a_missing_day_behind_a_newer_one_hurts_nobody_and_is_still_told(records: Records) -> None:
    records.publish(MONDAY + 2 * DAY)
    assert states(look(records, MONDAY + 2 * DAY + 5 * HOUR)) == {
        "2026-03-02": "kept",
        "2026-03-03": "at_risk",
        "2026-03-04": "kept",
    }


def test_an_outage_of_several_days_is_one_breach_that_the_newest_day_heals(records: Records) -> None:
    third = MONDAY + 3 * DAY + 22 * HOUR
    assert states(look(records, third)) == {
        "2026-03-02": "kept",
        "2026-03-03": "broken",
        "2026-03-04": "at_risk",
        "2026-03-05": "at_risk",
    }
    assert look(records, third)[-1].facts["standing"] == "missing, as is 2026-03-03"
    records.publish(MONDAY + 3 * DAY, at=third)
    assert "broken" not in states(look(records, third)).values()


def test_an_outage_of_weeks_stays_one_breach_until_something_is_published(records: Records) -> None:
    for days in (1, 3, 9, 20):
        at = MONDAY + days * DAY + 22 * HOUR
        found = look(records, at)
        record_observations(records.ledger, found, at)
        assert [one.subject for one in found if one.state == "broken"] == ["2026-03-03"]
        assert [one.subject for one in found if one.state == "kept"] == ([] if days > 6 else ["2026-03-02"])
    assert states(found)["2026-03-04"] == "at_risk"
    records.publish(MONDAY + 20 * DAY)
    assert states(look(records, at))["2026-03-03"] == "kept"


def test_a_day_that_is_watched_no_longer_is_told_as_over(records: Records) -> None:
    missing = MONDAY + DAY + 22 * HOUR
    record_observations(records.ledger, look(records, missing), missing)
    records.publish(MONDAY + 5 * DAY)
    later = look(records, MONDAY + 12 * DAY)
    (over,) = [one for one in later if one.subject == "2026-03-03"]
    assert (over.state, over.facts["standing"]) == ("kept", "watched no longer")
    record_observations(records.ledger, later, MONDAY + 12 * DAY)
    assert "2026-03-03" not in states(look(records, MONDAY + 12 * DAY))


def test_in_replay_mode_the_last_day_of_the_data_is_the_one_that_is_due(tmp_path: Path) -> None:
    records = make_records(tmp_path, is_live=False)
    (due,) = due_days(records.settings, records.product, MONDAY)
    assert (due.subject, due.deadline) == ("2011-12-10", None)
    records.publish(dt.datetime(2011, 12, 3, tzinfo=dt.UTC))
    assert states(look(records, MONDAY)) == {"2011-12-10": "at_risk"}
    records.publish(dt.datetime(2011, 12, 10, tzinfo=dt.UTC))
    assert states(look(records, MONDAY)) == {"2011-12-10": "kept"}


def test_a_product_that_was_never_published_owes_no_day(tmp_path: Path) -> None:
    assert look(make_records(tmp_path), MONDAY) == []
