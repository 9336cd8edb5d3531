"""Three breaches of an objective within a month demand more than repairs, and what is overdue holds promotions."""

import datetime as dt

import msgspec
import pytest

from platform_assets.contract.slas import BatchSla
from platform_assets.errors import PromotionHeldError
from platform_assets.inference.promotion_hold import read_holds
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import actions, complete_action
from platform_assets.ledger.incidents import entries
from platform_assets.registry.promotion_holds import require_promotable
from platform_assets.settings import Settings
from tests.story.promise_watch_home import Readers, WatchedHome, home_before

PRODUCT = "parking_demand"
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
OWNER, PRICING = "city-operations@example.com", "parking@example.com"


def instant(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2016, 12, day, hour, minute, tzinfo=dt.UTC)


def publish(home: WatchedHome, day: int, at: dt.datetime) -> None:
    assert home.score(dt.date(2016, 12, day), at).published is not None
    home.look(at + MINUTE)


def held_to_a_day(home: WatchedHome) -> WatchedHome:
    """Return the home with an SLA whose window is a day: it forgets a bad morning by the next one."""
    batch = msgspec.structs.replace(home.product.batch, sla=BatchSla(window_days=1))
    return WatchedHome(home.settings, msgspec.structs.replace(home.product, batch=batch), home.readers)


def test_repeated_breaches_demand_actions_that_are_tracked_and_hold_promotions_once_overdue(
    settings: Settings, online_store: Settings, told: Readers
) -> None:
    begun_at = instant(12, 0, 20)
    home = held_to_a_day(home_before(settings, online_store, PRODUCT, told, day=dt.date(2016, 12, 12), at=begun_at))
    home.look(begun_at + MINUTE)
    for breach, late in ((13, 0), (15, 30), (17, 60)):  # the batch of that night is not made before the morning
        home.look(instant(breach, 6, 30))
        told_at = instant(breach, 8) + late * MINUTE
        home.look(told_at)
        newest = home.incidents("sla_freshness")[-1]
        assert (newest.state, newest.subject) == ("open", "batch")
        assert bool(actions(home.ledger, PRODUCT)) == (breach == 17)
        publish(home, breach, told_at + 5 * MINUTE)
        publish(home, breach + 1, instant(breach + 1, 0, 20))
        # A day later the window holds no bad quarter any more; the next breach is more than a day after that.
        home.look(told_at + DAY + 20 * MINUTE)
        assert {one.state for one in home.incidents("sla_freshness")} == {"recovered"}
    demanded_at = instant(17, 9)
    everything_is_on_record(home, demanded_at)
    overdue_holds(home, demanded_at)


def everything_is_on_record(home: WatchedHome, demanded_at: dt.datetime) -> None:
    """Three incidents, told and drafted each; the newest one carries what is demanded, of whom and until when."""
    told = home.incidents("sla_freshness")
    assert len(told) == 3
    assert all({"cause_drafted", "notified", "recovered"} <= kinds(home, one.incident_id) for one in told)
    assert len(home.readers.posted("sla_freshness")) == len(home.readers.posted("sla_freshness", is_recovery=True)) == 3
    for reader in (OWNER, PRICING):
        assert len(home.readers.mailed(reader)) >= 6
    demanded = actions(home.ledger, PRODUCT)
    assert {(one.kind, one.due_at - demanded_at) for one in demanded} == {
        ("redesign", 30 * DAY),
        ("stakeholder", 7 * DAY),
    }
    assert {(one.incident_id, one.owner) for one in demanded} == {(told[-1].incident_id, "city-operations")}
    assert all("3 breaches of sla_freshness (batch) within 30 days" in one.what for one in demanded)


def kinds(home: WatchedHome, incident_id: int) -> set[str]:
    return {str(entry.kind) for entry in entries(home.ledger, incident_id)}


def overdue_holds(home: WatchedHome, demanded_at: dt.datetime) -> None:
    """Nothing is held in time; overdue, everybody who promotes is refused until it is done, the endpoint too."""
    ledger = home.ledger
    require_promotable(home.settings, ledger, PRODUCT, demanded_at + 7 * DAY)
    overdue_at = demanded_at + 7 * DAY + HOUR
    with pytest.raises(PromotionHeldError, match=r"stakeholder action \d+ was due.*owner city-operations"):
        require_promotable(home.settings, ledger, PRODUCT, overdue_at)
    assert any(hold.holds(overdue_at) for hold in read_holds(home.settings.releases_dir, PRODUCT))
    (talk,) = (one for one in actions(ledger, PRODUCT) if one.kind == "stakeholder")
    word = Mandate(
        by="ann", at=overdue_at, reason="agreed with the parking team: prices stand still until the afternoon"
    )
    assert complete_action(ledger, talk.action_id, word).done_by == "ann"
    require_promotable(home.settings, ledger, PRODUCT, overdue_at)
