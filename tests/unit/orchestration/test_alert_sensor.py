"""The sensor of alerts sends what is due and says in its tick what was not taken, and why."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.alert_settings import AlertSettings
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.notifications import notifications
from platform_assets.monitoring.alerts.trial import enqueue_trial
from platform_assets.orchestration.alert_delivery import alert_delivery_sensor
from platform_assets.settings import Settings

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, fsync=False)


def tick(settings: Settings) -> str:
    with dg.build_sensor_context() as context:
        told = alert_delivery_sensor(settings).evaluate_tick(context).skip_message
    return told or ""


def test_a_tick_sends_what_is_due_and_the_next_one_has_nothing_to_do(settings: Settings) -> None:
    ledger = open_ledger(settings.ledger_dsn)
    enqueue_trial(settings, ledger, "ann@example.com", NOW)
    assert tick(settings) == "1 alerts sent"
    assert json.loads((settings.logs_dir / "alerts.jsonl").read_text())["bulletin"]["is_recovery"] is False
    assert tick(settings) == "no alert is due"
    assert alert_delivery_sensor(settings).default_status is dg.DefaultSensorStatus.RUNNING


def test_a_tick_says_what_a_receiver_did_not_take_and_keeps_it(settings: Settings, own_port: int) -> None:
    configured = replace(settings, alerts=AlertSettings(smtp=f"127.0.0.1:{own_port}"))
    ledger = open_ledger(settings.ledger_dsn)
    enqueue_trial(configured, ledger, "ann@example.com", NOW)
    told = tick(configured)
    assert told.startswith("0 alerts sent; ann@example.com by email: ")
    assert "refused" in told
    assert [each.state for each in notifications(ledger)] == ["waiting"]
