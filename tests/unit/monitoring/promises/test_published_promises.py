"""What a look at the published batch finds: three clocks, never made, withdrawn, refused, and clocks set back."""

from pathlib import Path

import pytest

from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.ledger.publications import withdraw_publication
from platform_assets.monitoring.promises.guardrails import observe_guardrails
from platform_assets.monitoring.promises.published import observe_published
from platform_assets.published.rows import published_path
from tests.unit.monitoring.promises.promise_samples import DAY, HOUR, MONDAY, Records, make_records, states

MINUTE = HOUR / 60


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return make_records(tmp_path)


def look(records: Records, days: float) -> list[Observation]:
    return observe_published(records.settings, records.ledger, records.product, MONDAY + days * DAY)


def test_a_weekly_batch_keeps_its_promise_for_a_week_warns_and_breaks(records: Records) -> None:
    records.publish(MONDAY)
    assert set(states(look(records, 7)).values()) == {"kept"}
    assert states(look(records, 7.3))["data_age"] == "at_risk"
    broken = {one.promise: one for one in look(records, 8.1)}
    assert (broken["data_age"].state, broken["publication_age"].state) == ("broken", "broken")
    assert (round(broken["data_age"].value or 0), broken["data_age"].limit) == (194, 192)
    assert broken["data_age"].facts["suppressed_actions"] == ["retention_offer"]


def test_a_new_batch_heals_it(records: Records) -> None:
    records.publish(MONDAY)
    records.publish(MONDAY + 8 * DAY)
    assert set(states(look(records, 8.5)).values()) == {"kept"}


def test_a_backfill_of_an_older_day_makes_nothing_younger(records: Records) -> None:
    records.publish(MONDAY)
    records.publish(MONDAY - 7 * DAY, at=MONDAY + 8 * DAY)
    assert states(look(records, 8.5))["data_age"] == "broken"


def test_a_refused_batch_does_not_count_as_fresh(records: Records) -> None:
    records.publish(MONDAY)
    records.refuse(MONDAY + 7 * DAY)
    assert states(look(records, 8.5))["data_age"] == "broken"


def test_sources_that_stopped_to_arrive_break_their_own_promise(records: Records) -> None:
    records.publish(MONDAY, source_at=MONDAY - 15 * DAY)
    assert states(look(records, 1)) == {"data_age": "kept", "publication_age": "kept", "source_age": "broken"}


def test_never_published_is_unknown_for_a_day_and_then_broken(records: Records) -> None:
    told = []
    for days in (0.0, 0.9, 1.1, 1.2):
        found = look(records, days)
        record_observations(records.ledger, found, MONDAY + days * DAY)
        told.append([(one.promise, one.state) for one in found])
    assert told == [[("data_age", state)] for state in ("unknown", "unknown", "broken", "broken")]
    records.publish(MONDAY + 1.2 * DAY)
    assert states(look(records, 1.5))["data_age"] == "kept"


def test_where_every_batch_was_withdrawn_the_promise_is_broken_at_once(records: Records) -> None:
    withdraw_publication(records.ledger, records.publish(MONDAY).publication_id)
    (found,) = look(records, 0.5)
    assert (found.state, found.facts["problem"]) == ("broken", "every batch was withdrawn")


def test_a_published_file_that_is_gone_is_unknown_for_a_moment_and_then_broken_until_it_is_back(
    records: Records,
) -> None:
    records.publish(MONDAY)
    told = []
    for minutes in (0, 1, 10, 20, 30):
        if minutes == 1:
            published_path(records.settings, records.product.name).unlink()
        found = look(records, 1 + minutes / (24 * 60))
        record_observations(records.ledger, found, MONDAY + DAY + minutes * MINUTE)
        told.append((found[0].promise, found[0].state))
    assert told == [("data_age", state) for state in ("kept", "unknown", "unknown", "broken", "broken")]
    assert "materialize published_predictions" in str(found[0].facts["problem"])
    assert found[0].facts["suppressed_actions"] == ["retention_offer"]
    records.show()
    assert states(look(records, 1.5))["data_age"] == "kept"


def test_a_published_file_that_is_damaged_counts_as_gone(records: Records) -> None:
    records.publish(MONDAY)
    path = published_path(records.settings, records.product.name)
    path.write_bytes(path.read_bytes()[:-20])
    (found,) = look(records, 1)
    assert (found.promise, found.state) == ("data_age", "unknown")


def test_the_first_batch_has_a_moment_to_reach_its_file_however_long_it_was_waited_for(records: Records) -> None:
    record_observations(records.ledger, look(records, 0), MONDAY)
    records.publish(MONDAY, at=MONDAY + 10 * HOUR)
    published_path(records.settings, records.product.name).unlink()
    assert [states(look(records, hours / 24))["data_age"] for hours in (10.1, 10.5)] == ["unknown", "broken"]


def test_a_clock_that_was_set_back_is_unknown_and_says_so(records: Records) -> None:
    records.publish(MONDAY)
    found = {one.promise: one for one in look(records, -30)}
    assert found["data_age"].state == "unknown"
    assert found["data_age"].facts["problem"] == "the clock is before the batch: correct the clock"
    assert found["data_age"].facts["suppressed_actions"] == ["retention_offer"]


def test_the_newest_batch_in_quarantine_is_told_until_something_newer_is_published(records: Records) -> None:
    def guardrails() -> Observation:
        (found,) = observe_guardrails(records.settings, records.ledger, records.product, MONDAY)
        return found

    assert guardrails().state == "unknown"
    records.publish(MONDAY)
    assert guardrails().state == "kept"
    refused = records.refuse(MONDAY + 7 * DAY)
    assert guardrails().state == "broken"
    assert guardrails().facts["next_step"] == f"platform quarantine show {refused.quarantine_id}"
    records.publish(MONDAY + 7 * DAY, at=MONDAY + 7 * DAY + 9 * HOUR)
    assert guardrails().state == "kept"


def test_a_refused_backfill_of_an_old_day_is_not_the_newest_batch(records: Records) -> None:
    records.publish(MONDAY)
    records.refuse(MONDAY - 7 * DAY, at=MONDAY + DAY)
    (found,) = observe_guardrails(records.settings, records.ledger, records.product, MONDAY)
    assert found.state == "kept"
