"""A spent error budget is not information: the watch opens an incident, and the product gets no new release."""

import datetime as dt
import socket
import threading
from pathlib import Path

import pytest

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import PromotionHeldError
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import actions
from platform_assets.ledger.incident_steps import waive
from platform_assets.ledger.incidents import change_incident, incidents
from platform_assets.ledger.sla_counts import Objected, Units, add_units
from platform_assets.monitoring.slas.observe import observe_slas
from platform_assets.monitoring.watch import Watched, watch_promises
from platform_assets.rollouts.moves import Pointers, Word, begin
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.unit.serving.conftest import Publisher, product_named

AT = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CHURN = product_named("churn")
ERRORS = Objected("churn", "online", "error_rate")


class Watching:
    """A product with a release in force and a newer one, whose SLAs are watched; no endpoint is running."""

    def __init__(self, home: Path) -> None:
        """Release two versions, the first in force."""
        self.settings = Settings(home=home, fsync=False, endpoint_port=free_port())
        self.ledger = open_ledger(self.settings.ledger_dsn)
        publisher = Publisher(home)
        first = publisher.publish("churn", constant=0.25)
        self.newer = publisher.publish("churn", model_version=2, constant=0.75)
        publisher.point_at("churn", first.release_id)

    def watch(self, at: dt.datetime) -> Watched:
        return watch_promises(self.settings, self.ledger, [CHURN], at, observers={"slas": observe_slas})

    def promote(self, at: dt.datetime) -> None:
        pointers = Pointers(releases_dir=self.settings.releases_dir, fsync=False)
        word = Word(by="ann", at=at, reason="a newer one")
        begin(pointers, "churn", release_id=self.newer.release_id, plan=RolloutPlan(), word=word)


@pytest.fixture
def watching(tmp_path: Path) -> Watching:
    return Watching(tmp_path)


def test_a_spent_budget_opens_a_severe_incident_that_holds_promotions_until_it_is_waived(watching: Watching) -> None:
    add_units(watching.ledger, ERRORS, Units(100, 1000), AT)
    (move,) = watching.watch(AT).moves
    assert (move.kind, move.incident.promise, move.incident.subject) == ("opened", "sla_error_rate", "online")
    assert CHURN.online is not None
    assert (move.incident.severity, move.incident.owner) == ("severe", CHURN.online.owner.team)
    with pytest.raises(PromotionHeldError, match="sla_error_rate"):
        watching.promote(AT)
    word = Mandate(by="ann", at=AT, reason="the newer release mends it")
    waive(watching.ledger, move.incident.incident_id, word, until=AT + DAY)
    watching.watch(AT + dt.timedelta(seconds=30))
    watching.promote(AT + dt.timedelta(minutes=1))


def test_the_third_breach_in_thirty_days_demands_an_action_with_a_due_date(watching: Watching) -> None:
    for number, days in enumerate((20, 10, 0)):
        at = AT - days * DAY
        add_units(watching.ledger, ERRORS, Units(100, 1000), at)
        watching.watch(at)
        (opened,) = incidents(watching.ledger, "churn")
        assert len(actions(watching.ledger, "churn")) == (2 if number == 2 else 0)
        # Resolved although the budget is still spent: the next look opens another one.
        change_incident(watching.ledger, opened.incident_id, state="resolved", resolved_at=at)
    assert {one.kind for one in actions(watching.ledger, "churn")} == {"redesign", "stakeholder"}
    watching.watch(AT + dt.timedelta(seconds=30))
    assert len(actions(watching.ledger, "churn")) == 2


def test_all_observers_of_one_watch_ask_the_endpoint_once(watching: Watching) -> None:
    asked: list[object] = []

    def refuse() -> None:
        while True:
            try:
                caller, address = listening.accept()
            except OSError:
                return
            asked.append(address)
            caller.close()

    with socket.create_server(("127.0.0.1", watching.settings.endpoint_port)) as listening:
        refusing = threading.Thread(target=refuse, daemon=True)
        refusing.start()
        watch_promises(watching.settings, watching.ledger, [CHURN], AT)
        listening.shutdown(socket.SHUT_RDWR)
        refusing.join(10.0)
    assert len(asked) == 1
