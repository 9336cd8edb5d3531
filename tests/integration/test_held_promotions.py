"""Severe incidents and overdue actions hold promotions on every route with a ledger, until resolved or waived."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.errors import PromotionHeldError
from platform_assets.inference.promotion_hold import read_holds
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import add_action, complete_action
from platform_assets.ledger.incident_steps import waive
from platform_assets.ledger.incidents import Incident, Severity, open_incident
from platform_assets.ledger.models import get_model_version
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.orchestration.rollout_by_hand import Hand, advance_by_hand, begin_by_hand, end_by_hand
from platform_assets.orchestration.rollout_driver import look
from platform_assets.registry.promotion_holds import promotion_holds, require_promotable, show_holds
from platform_assets.training.approval import approve_version, release_newest
from tests.integration.rollout_home import BEGUN_AT, PLAN, PRODUCT, RolloutHome
from tests.unit.experiments.rollout_samples import seen
from tests.unit.registry.registry_home import RegistryHome, registry_home, small_product

DECLARED = small_product(rollout=PLAN)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
WORD = Mandate(by="ann", at=BEGUN_AT, reason="the stale data does not concern this release")
RUN = RunFacts("train", BEGUN_AT, "c" * 16)


def incident(ledger: Ledger, severity: Severity = "severe", at: dt.datetime = BEGUN_AT) -> Incident:
    made, _ = open_incident(
        ledger,
        product=PRODUCT,
        promise="data_age",
        subject="",
        severity=severity,
        title="data_age of churn is broken",
        owner="data-science",
        fallback="",
        impact={},
        opened_at=at,
    )
    return made


def hand(home: RolloutHome) -> Hand:
    return Hand(home.settings, home.product, WORD, RUN)


def train_another(home: RolloutHome) -> None:
    made = RegistryHome(home.settings, home.ledger, registry_home(home.settings.home).examples)
    made.use(pa.concat_tables([made.examples] * 3))
    made.train()


def test_the_gates_bring_nothing_in_while_a_severe_incident_is_open(rollout_home: RolloutHome) -> None:
    end_by_hand(hand(rollout_home))
    train_another(rollout_home)
    opened = incident(rollout_home.ledger)
    with pytest.raises(PromotionHeldError, match=r"data_age of churn is broken.*owner data-science"):
        release_newest(rollout_home.settings, rollout_home.ledger, DECLARED, RUN)
    assert get_model_version(rollout_home.ledger, PRODUCT, 3).approved_by is None
    assert rollout_home.state == (1, None)
    waive(rollout_home.ledger, opened.incident_id, WORD, until=BEGUN_AT + HOUR)
    begun = release_newest(rollout_home.settings, rollout_home.ledger, DECLARED, RUN).begun
    assert begun is not None
    assert begun.model_version == 3


def test_a_repeat_that_promotes_nothing_is_not_held(rollout_home: RolloutHome) -> None:
    incident(rollout_home.ledger)
    assert not release_newest(rollout_home.settings, rollout_home.ledger, DECLARED, RUN).is_new


def test_the_first_release_of_a_product_is_never_held(tmp_path: Path) -> None:
    home = registry_home(tmp_path / "home")
    home.train()
    incident(home.ledger)
    assert release_newest(home.settings, home.ledger, home.product(), RUN).is_new
    assert len(read_holds(home.settings.releases_dir, PRODUCT)) == 1


def test_a_person_approves_nothing_and_begins_nothing_while_it_is_open(rollout_home: RolloutHome) -> None:
    end_by_hand(hand(rollout_home))
    opened = incident(rollout_home.ledger)
    with pytest.raises(PromotionHeldError):
        approve_version(rollout_home.settings, rollout_home.ledger, DECLARED, 2, RUN, WORD)
    with pytest.raises(PromotionHeldError):
        begin_by_hand(hand(rollout_home), rollout_home.second.release_id)
    assert rollout_home.state == (1, None)
    waive(rollout_home.ledger, opened.incident_id, WORD, until=BEGUN_AT + HOUR)
    begin_by_hand(hand(rollout_home), rollout_home.second.release_id)
    assert rollout_home.state == (1, "shadow")


def test_the_driver_waits_in_its_step_and_goes_on_when_the_incident_is_waived(rollout_home: RolloutHome) -> None:
    opened = incident(rollout_home.ledger)
    rollout_home.tell()
    assert rollout_home.step(hours=1.0).told.startswith("hold: 'churn' is not promoted")
    assert rollout_home.state == (1, "shadow")
    judged = look(rollout_home.settings, rollout_home.product, BEGUN_AT + HOUR).judged
    assert judged is not None
    assert judged.action == "hold"
    assert judged.reason.startswith("advance is due and held")
    waive(rollout_home.ledger, opened.incident_id, WORD, until=BEGUN_AT + 2 * HOUR)
    show_holds(rollout_home.settings, rollout_home.ledger, [PRODUCT])
    rollout_home.step(hours=1.0)
    assert rollout_home.state == (1, "canary")


def test_the_driver_takes_a_bad_release_out_whatever_is_open(rollout_home: RolloutHome) -> None:
    incident(rollout_home.ledger)
    rollout_home.step()
    rollout_home.tell(seen(5000, 500))
    rollout_home.step()
    assert rollout_home.state == (1, None)


def test_a_person_advances_nothing_while_an_action_is_overdue_and_may_always_end(rollout_home: RolloutHome) -> None:
    minor = incident(rollout_home.ledger, "minor", BEGUN_AT - 2 * HOUR)
    action = add_action(
        rollout_home.ledger,
        minor.incident_id,
        kind="capacity",
        what="a second worker",
        owner="platform",
        due_at=BEGUN_AT - HOUR,
        by=WORD,
    )
    with pytest.raises(PromotionHeldError, match=f"capacity action {action.action_id} was due.*owner platform"):
        advance_by_hand(hand(rollout_home))
    complete_action(rollout_home.ledger, action.action_id, WORD)
    advance_by_hand(hand(rollout_home))
    assert rollout_home.state == (1, "canary")
    incident(rollout_home.ledger)
    end_by_hand(hand(rollout_home))
    assert rollout_home.state == (1, None)


def test_what_holds_is_what_the_ledger_says_at_every_instant(rollout_home: RolloutHome) -> None:
    ledger = rollout_home.ledger
    severe = incident(ledger)
    due = BEGUN_AT + 2 * HOUR
    add_action(ledger, severe.incident_id, kind="redesign", what="a cut", owner="crm", due_at=due, by=WORD)
    waive(ledger, severe.incident_id, WORD, until=BEGUN_AT + HOUR)
    holds = promotion_holds(ledger, PRODUCT)
    holding = [sum(hold.holds(BEGUN_AT + minutes * MINUTE) for hold in holds) for minutes in (0, 59, 60, 120, 121)]
    assert holding == [0, 0, 1, 1, 2]  # waived for an hour; then the incident, and its action once it is overdue
    with pytest.raises(PromotionHeldError):
        require_promotable(rollout_home.settings, ledger, PRODUCT, due)
    assert read_holds(rollout_home.settings.releases_dir, PRODUCT) == holds
    require_promotable(rollout_home.settings, ledger, "clv", due)
