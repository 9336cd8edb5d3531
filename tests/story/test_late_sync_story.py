"""The nightly sync fails: the endpoint goes on with the values of before, marked, and its store is never empty."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from platform_assets.batch.online_publication import publish_online
from platform_assets.batch.published_view import read_published_inputs
from platform_assets.commands.demo_predictions import request_rows
from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.snapshots import current_snapshot
from platform_assets.monitoring.incidents.draft import probable_cause
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import Served, served
from tests.story.promise_watch_home import Readers, WatchedHome, copied_home

PRODUCT = "churn"
SYNCED_AT, MISSED_AT, SYNCED_AGAIN_AT = (
    dt.datetime(2011, 12, day, hour, tzinfo=dt.UTC) for day, hour in ((8, 0), (9, 0), (10, 1))
)
# The business time that the endpoint of a replay stands at.
LOOK_AT = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
OWNER, DESK = "customer-intelligence@example.com", "customer-care@example.com"
ROWS = 20


def sync(home: WatchedHome, as_of: dt.datetime, *, settings: Settings | None = None) -> None:
    run = RunFacts(f"sync-{as_of:%d%H}", as_of, "c" * 16)
    publish_online(settings or home.settings, home.ledger, home.product, run, as_of=as_of)


def ask(home: WatchedHome, endpoint: Served, at: dt.datetime) -> list[dict[str, Any]]:
    """Ask about customers of the last batch at an instant."""
    rows = request_rows(home.product, read_published_inputs(home.settings, home.product).slice(0, ROWS))
    body = {"product": PRODUCT, "rows": rows, "event_at": at.isoformat()}
    found = httpx.post(f"{endpoint.url}/v1/predict", json=body, timeout=30.0)
    answers: list[dict[str, Any]] = found.raise_for_status().json()["predictions"]
    return answers


def test_a_failed_sync_leaves_old_values_served_and_marked_until_the_next_one(
    settings: Settings, online_store: Settings, told: Readers, tmp_path: Path
) -> None:
    home = copied_home(settings, online_store, PRODUCT, told)
    sync(home, SYNCED_AT)
    home.look(SYNCED_AT + HOUR)
    away = replace(home.settings, redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(OnlineStoreUnavailableError):
        sync(home, MISSED_AT, settings=away)
    with served(home.settings, tmp_path / "endpoint.log") as endpoint:
        home.look(LOOK_AT)
        answers = ask(home, endpoint, LOOK_AT)
        assert {one["fallback"] for one in answers} == {"none"}  # the model answers from what is stored
        assert all(one["score"] is not None for one in answers)
        assert {(one["is_stale"], one["action_allowed"]) for one in answers} == {(True, False)}
        assert {one["reason"] for one in answers} == {"stale_features"}
        breach_is_told(home)
        sync(home, SYNCED_AGAIN_AT)
        home.look(SYNCED_AGAIN_AT + HOUR)
        assert {(one["is_stale"], one["action_allowed"]) for one in ask(home, endpoint, SYNCED_AGAIN_AT)} == {
            (False, True)
        }
    it_is_over(home)


def breach_is_told(home: WatchedHome) -> None:
    stored = current_snapshot(home.ledger, "churn_v1")
    assert stored is not None
    assert (stored.as_of, stored.rows > 0) == (SYNCED_AT, True)
    incident = home.incident("snapshot_age")
    assert (incident.severity, incident.state) == ("severe", "open")
    assert [one["consumer"] for one in incident.impact["readings"]] == ["retention_desk"]
    assert "answers from the stored features as of 2011-12-08 00:00 UTC" in incident.fallback
    assert probable_cause(home.ledger, incident.incident_id)
    (posted,) = home.readers.posted("snapshot_age")
    assert (posted.severity, posted.value, posted.limit) == ("severe", 48.0, 25.0)
    assert any("the features of the endpoint are too old (48 hours" in mail for mail in home.readers.mailed(OWNER))
    (desk,) = home.readers.mailed(DESK)
    assert "the endpoint that you read for call_guidance is older than promised" in desk


def it_is_over(home: WatchedHome) -> None:
    assert home.incident("snapshot_age").state == "recovered"
    assert len(home.readers.posted("snapshot_age", is_recovery=True)) == 1
    assert any("no longer true that the features" in mail for mail in home.readers.mailed(OWNER))
    assert "is as promised again" in home.readers.mailed(DESK)[-1]
