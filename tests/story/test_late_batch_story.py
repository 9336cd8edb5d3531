"""A batch does not come in time: readers are told in every way, no machine acts on it, and it heals by itself."""

import datetime as dt
from pathlib import Path
from typing import Any

import httpx

from platform_assets.monitoring.alerts.message import AlertMessage
from platform_assets.monitoring.incidents.draft import probable_cause
from platform_assets.monitoring.incidents.report import incident_report
from platform_assets.published.rows import PublishedRows, read_published_rows
from platform_assets.published.status import read_status
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served
from tests.story.promise_watch_home import Readers, WatchedHome, home_before

FIRST, NEXT = dt.date(2011, 11, 28), dt.date(2011, 12, 5)
RUN_AT = dt.datetime(2011, 11, 28, 4, 10, tzinfo=dt.UTC)
# The business time that the endpoint of a replay stands at: the batch of the fifth is five days late.
LATE_AT = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
OWNER, CRM, BI = "customer-intelligence@example.com", "crm@example.com", "bi@example.com"


def read(home: WatchedHome, at: dt.datetime) -> PublishedRows:
    """Read the published table as a consumer does."""
    return read_published_rows(home.settings, home.product, at=at, columns=["customer_id", "as_of", "score"])


def answer_over_http(endpoint: Served, customer: str) -> dict[str, Any]:
    found = httpx.get(f"{endpoint.url}/v1/predictions/churn", params={"customer_id": customer}, timeout=30.0)
    answer: dict[str, Any] = found.raise_for_status().json()["predictions"][0]
    return answer


def test_a_late_batch_is_stale_to_every_reader_suppresses_actions_and_heals_with_the_next_one(
    settings: Settings, online_store: Settings, told: Readers, tmp_path: Path
) -> None:
    home = home_before(settings, online_store, "churn", told, day=FIRST, at=RUN_AT)
    home.look(RUN_AT + HOUR)
    assert home.incidents("data_age") == []
    assert told.posted("data_age") == []
    with served(home.settings, tmp_path / "endpoint.log") as endpoint:
        home.look(LATE_AT)
        readers_see_that_it_is_stale(home, endpoint)
        everybody_is_told(home)
        the_incident_names_who_is_hurt_and_why(home)
        assert home.score(NEXT, LATE_AT + HOUR).published is not None
        home.look(LATE_AT + HOUR + MINUTE)
        customer = str(read(home, LATE_AT).table["customer_id"][0].as_py())
        answer = answer_over_http(endpoint, customer)
        assert (answer["is_stale"], answer["action_allowed"], answer["age_seconds"]) == (False, True, 5 * 86_400.0)
    it_is_over(home)


def readers_see_that_it_is_stale(home: WatchedHome, endpoint: Served) -> None:
    """Rows, status file and HTTP answer say it alike; the last good predictions are still there."""
    rows = read(home, LATE_AT)
    assert rows.table.num_rows > 100
    assert set(rows.table["is_stale"].to_pylist()) == {True}
    assert set(rows.table["action_allowed"].to_pylist()) == {False}
    assert set(rows.table["age_seconds"].to_pylist()) == {12 * 86_400.0}
    status = read_status(home.settings, "churn")
    assert status is not None
    assert (status.is_stale, status.action_allowed, status.allowed_actions) == (True, False, [])
    assert "data_age is 288.0 h, promised at most 192 h" in status.suppressed_actions["retention_offer"]
    customer = str(rows.table["customer_id"][0].as_py())
    answer = answer_over_http(endpoint, customer)
    assert (answer["is_stale"], answer["action_allowed"], answer["age_seconds"]) == (True, False, 12 * 86_400.0)
    assert answer["score"] == rows.table["score"][0].as_py()


def everybody_is_told(home: WatchedHome) -> None:
    told = home.readers
    (posted,) = told.posted("data_age")
    assert (posted.severity, posted.since, posted.value, posted.limit) == ("major", LATE_AT, 288.0, 192.0)
    assert posted.links["incident"] == f"platform incidents show {home.incident('data_age').incident_id}"
    (owner,) = told.mailed(OWNER)
    assert "Customer churn: the published data are too old (288 hours, promised 192 hours)" in owner
    assert "Marketing automation (CRM) (retention_offers; high; crm@example.com)" in owner
    for reader, purpose in ((CRM, "retention_offers"), (BI, "reporting")):
        (mail,) = told.mailed(reader)
        assert f"the published table that you read for {purpose} is older than promised" in mail
        assert "no automated action may follow from a stale one" in mail


def the_incident_names_who_is_hurt_and_why(home: WatchedHome) -> None:
    incident = home.incident("data_age")
    assert (incident.severity, incident.owner, incident.state) == ("major", "customer-intelligence", "open")
    assert [one["consumer"] for one in incident.impact["readings"]] == ["marketing_automation", "business_intelligence"]
    assert incident.impact["suspended_actions"] == ["retention_offer"]
    assert "read the last good batch: as of 2011-11-28, revision 1" in incident.fallback
    assert "retention_offer is not done" in incident.fallback
    drafted = probable_cause(home.ledger, incident.incident_id)
    assert drafted is not None
    assert "no batch was made or refused, and no failed run is known, since 2011-11-28 04:10 UTC" in drafted
    report = incident_report(home.ledger, home.product, incident, LATE_AT)
    assert "The automated action `retention_offer` was left out." in report
    assert f"1. **{drafted}**" in report


def it_is_over(home: WatchedHome) -> None:
    """Read the next batch with its actions allowed; whoever heard of the breach hears of its end."""
    rows = read(home, LATE_AT + HOUR + MINUTE)
    assert set(rows.table["action_allowed"].to_pylist()) == {True}
    assert rows.status.allowed_actions == ["retention_offer"]
    status = read_status(home.settings, "churn")
    assert status is not None
    assert (status.batch, status.allowed_actions) == (rows.status.batch, ["retention_offer"])
    assert home.incident("data_age").state == "recovered"
    recovered: list[AlertMessage] = home.readers.posted("data_age", is_recovery=True)
    assert [one.since for one in recovered] == [LATE_AT]
    assert "RECOVERED" in home.readers.mailed(OWNER)[-1]
    for reader in (CRM, BI):
        assert "is as promised again" in home.readers.mailed(reader)[-1]
