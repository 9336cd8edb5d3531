"""The watch: one look is one transaction, from a broken promise to the alert about it, and back when it heals."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import incidents
from platform_assets.ledger.notifications import notifications
from platform_assets.ledger.promises import Observation, promise_changes, promise_standings
from platform_assets.monitoring import watch
from platform_assets.monitoring.promises.published import observe_published
from platform_assets.monitoring.watch import Watched, every_observer, watch_promises
from platform_assets.settings import Settings
from tests.unit.monitoring.promises.promise_samples import DAY, MONDAY, Records, make_records


@pytest.fixture
def records(tmp_path: Path) -> Records:
    made = make_records(tmp_path, name="segments")
    made.publish(MONDAY)
    return made


def look(records: Records, days: float, **observers: watch.Observer) -> Watched:
    chosen = {**every_observer(), **observers}
    return watch_promises(records.settings, records.ledger, [records.product], MONDAY + days * DAY, observers=chosen)


def states(records: Records) -> list[tuple[str, str]]:
    return [(one.promise, one.state) for one in incidents(records.ledger)]


def test_a_stale_product_becomes_a_change_an_incident_and_an_alert_and_recovers_by_itself(records: Records) -> None:
    assert look(records, 1).changes == []
    broken = look(records, 33)
    assert {(one.promise, one.after) for one in broken.changes} >= {("data_age", "broken")}
    assert ("data_age", "open") in states(records)
    told = notifications(records.ledger)
    assert broken.notified >= 1
    assert any("data_age" in str(one.message) or "Segments" in str(one.message) for one in told)
    records.publish(MONDAY + 33 * DAY)
    healed = look(records, 33.5)
    assert ("data_age", "kept") in {(one.promise, one.after) for one in healed.changes}
    assert [move.kind for move in healed.moves if move.incident.promise == "data_age"] == ["recovered"]
    assert ("data_age", "recovered") in states(records)
    assert len(notifications(records.ledger)) > len(told)


def test_a_second_look_at_the_same_breach_tells_nothing_twice(records: Records) -> None:
    look(records, 33)
    told = len(notifications(records.ledger))
    again = look(records, 33 + 0.001)
    assert (again.changes, again.moves, again.notified) == ([], [], 0)
    assert len(notifications(records.ledger)) == told


def away(_settings: Settings, _ledger: Ledger, _product: Product, _at: dt.datetime) -> Sequence[Observation]:
    raise OnlineStoreUnavailableError(url="127.0.0.1:1", reason="refused")


def test_an_observer_that_fails_stops_no_other_and_is_told_once_it_lasts(records: Records) -> None:
    told = []
    for minutes in (0, 10, 20):
        days = 1 + minutes / (24 * 60)
        found = look(records, days, guardrails=away)
        assert {"data_age", "publication_age"} <= {one.promise for one in found.observations}
        told.append([one.state for one in found.observations if one.subject == "watch of guardrails"])
    assert told == [["unknown"], ["unknown"], ["broken"]]
    (blind,) = [one for one in promise_standings(records.ledger) if one.subject == "watch of guardrails"]
    assert "refused" in str(blind.facts["problem"])
    look(records, 1.1)
    (seen,) = [one for one in promise_standings(records.ledger) if one.subject == "watch of guardrails"]
    assert seen.state == "kept"


def test_a_watch_that_dies_before_it_told_leaves_nothing_and_the_next_one_tells(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object) -> int:
        raise OnlineStoreUnavailableError(url="127.0.0.1:1", reason="killed")

    with monkeypatch.context() as patched:
        patched.setattr(watch, "notify", die)
        with pytest.raises(OnlineStoreUnavailableError):
            look(records, 33)
    assert promise_changes(records.ledger) == []
    assert incidents(records.ledger) == []
    assert look(records, 33).notified >= 1


def test_what_only_reads_records_nothing(records: Records) -> None:
    found = list(watch.observe(records.settings, records.ledger, [records.product], MONDAY + 33 * DAY))
    assert "broken" in {one.state for one in found}
    assert promise_standings(records.ledger) == []
    assert watch.OBSERVERS["published"] is observe_published
