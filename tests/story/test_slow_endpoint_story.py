"""An endpoint gets slow: its SLA breaks, callers and owner are told, and nothing is promoted until somebody answers."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from platform_assets.contract.slas import OnlineSla
from platform_assets.errors import IncidentStateError, PromotionHeldError
from platform_assets.inference.release import Release
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incident_actions import add_action
from platform_assets.ledger.incident_steps import acknowledge, record_cause, resolve, waive
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.incidents.report import incident_report
from platform_assets.settings import Settings
from platform_assets.training.approval import Approval, release_newest
from tests.integration.endpoint_servers import Served, served
from tests.story.promise_watch_home import Readers, WatchedHome
from tests.story.second_version import CUSTOMERS, PRODUCT, QUICK, SecondVersion, second_version
from tests.unit.registry.registry_home import RegistryHome

AT = dt.datetime(2030, 3, 4, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
CALLERS = 8
OWNER, DESK = "customer-intelligence@example.com", "customer-care@example.com"


def ask(endpoint: Served, customers: list[str]) -> list[httpx.Response]:
    """Ask about each customer alone, several at once."""

    def one(customer: str) -> httpx.Response:
        return client.post("/v1/predict", json={"product": PRODUCT, "entities": [customer]})

    with httpx.Client(base_url=endpoint.url, timeout=30.0) as client, ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(one, customers))


def of_a_week(story: SecondVersion) -> SecondVersion:
    """Return the story with an SLA whose window is a week."""
    online = story.product.online
    assert online is not None
    online = msgspec.structs.replace(online, sla=OnlineSla(window_days=7))
    return replace(story, product=msgspec.structs.replace(story.product, online=online))


def approve(story: SecondVersion, at: dt.datetime) -> Approval:
    return release_newest(story.settings, story.ledger, story.product, RunFacts("approve", at, "c" * 16))


def word(reason: str, at: dt.datetime) -> Mandate:
    return Mandate(by="ann", at=at, reason=reason)


def test_a_slow_endpoint_is_a_severe_incident_that_holds_promotions_until_it_is_waived(
    trained_versions: tuple[RegistryHome, Release], online_store: Settings, told: Readers, tmp_path: Path
) -> None:
    story = of_a_week(second_version(trained_versions, replace(online_store, alerts=told.settings), QUICK))
    with served(story.settings, tmp_path / "slow.log", program=("tests.story.faulty_endpoint", "latency@1")) as slow:
        home = WatchedHome(replace(story.settings, endpoint_port=slow.port), story.product, told)
        ask(slow, CUSTOMERS[:4])
        home.look(AT - 20 * HOUR)
        answers = ask(slow, CUSTOMERS[:80])
        home.look(AT)
    assert {answer.status_code for answer in answers} == {200}  # late, and still an answer

    breach_is_told(home)
    number = home.incident("sla_latency").incident_id
    with pytest.raises(PromotionHeldError, match=f"sla_latency.*platform incidents.*{number}"):
        approve(story, AT + HOUR)
    assert story.live.rollout is None
    waive(home.ledger, number, word("the slow machine has nothing to do with the release", AT + HOUR), until=AT + DAY)
    assert approve(story, AT + 2 * HOUR).begun is not None
    it_recovers_and_is_closed(home, number, tmp_path)


def breach_is_told(home: WatchedHome) -> None:
    incident = home.incident("sla_latency")
    assert (incident.severity, incident.subject, incident.state) == ("severe", "online", "open")
    assert {one["consumer"] for one in incident.impact["readings"]} == {"retention_desk"}
    assert "callers get the last published batch prediction" in incident.fallback
    (posted,) = home.readers.posted("sla_latency")
    assert (posted.severity, posted.incident) == ("severe", incident.incident_id)
    (owner,) = home.readers.mailed(OWNER)
    assert "[SEVERE] Customer churn [online]: the SLA of latency is broken" in owner
    assert "Retention desk (call_guidance; high; customer-care@example.com)" in owner
    (desk,) = home.readers.mailed(DESK)
    assert "answers later than promised" in desk
    report = incident_report(home.ledger, home.product, incident, AT)
    assert "## Probable causes, drafted from the records" in report
    assert "*To be completed by a person.*" in report


def it_recovers_and_is_closed(home: WatchedHome, number: int, tmp_path: Path) -> None:
    """Look a week later, when the endpoint has answered in time for a whole window, and write the cause down."""
    ledger, later = home.ledger, AT + 8 * DAY
    acknowledge(ledger, number, word("looking", AT + HOUR))
    with served(home.settings, tmp_path / "quick.log", port=home.settings.endpoint_port) as quick:
        ask(quick, CUSTOMERS[:80])
        home.look(later)
    assert home.incident("sla_latency").state == "recovered"
    (posted,) = home.readers.posted("sla_latency", is_recovery=True)
    assert posted.incident == number
    assert any("no longer true that the SLA of latency is broken" in mail for mail in home.readers.mailed(OWNER))
    assert any("is as promised again" in mail for mail in home.readers.mailed(DESK))
    with pytest.raises(IncidentStateError, match="no cause is recorded"):
        resolve(ledger, number, word("done", later))
    record_cause(ledger, number, word("the disk of the machine was failing", later))
    seen = word("so that it is seen earlier", later)
    due = later + DAY
    add_action(ledger, number, kind="preventive", what="watch the disk", owner="platform", due_at=due, by=seen)
    assert resolve(ledger, number, word("the disk was replaced", later)).state == "resolved"
