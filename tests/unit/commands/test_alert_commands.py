"""`platform alerts`: a test alert arrives, silences are recorded with who and why, wrong usage changes nothing."""

import base64
import json
from pathlib import Path

import pytest

from platform_assets.monitoring.alerts.channels.signature import secret_for
from tests.unit.commands.conftest import CommandLine

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_test_alert_of_a_platform_without_channels_is_a_line_of_its_log(
    command_line: CommandLine, tmp_path: Path
) -> None:
    assert json.loads(command_line("alerts", "list", "--json").stdout) == {"alerts": [], "silences": []}
    assert list(tmp_path.iterdir()) == []
    assert command_line("alerts", "test").code == 0
    line = json.loads((tmp_path / "logs" / "alerts.jsonl").read_text())
    assert line["bulletin"]["headline"] == "[WARNING] this is a test: nothing is broken"
    (listed,) = json.loads(command_line("alerts", "list", "--json").stdout)["alerts"]
    assert (listed["state"], listed["channel"]) == ("sent", "log")
    assert "next step: nothing, alerts reach you" in command_line("alerts", "show", "1").stdout


def test_a_test_alert_that_no_receiver_takes_ends_with_one_and_waits(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, own_port: int
) -> None:
    monkeypatch.setenv("PLATFORM_ALERT_SLACK", f"http://127.0.0.1:{own_port}/services/hidden")
    ended = command_line("alerts", "test", "--json")
    assert ended.code == 1
    assert "127.0.0.1 did not take the alert" in json.loads(ended.stdout)["sent"][0]["problem"]
    assert "hidden" not in ended.stdout + ended.stderr
    shown = json.loads(command_line("alerts", "list", "--state", "waiting", "--json").stdout)
    assert [each["attempts"] for each in shown["alerts"]] == [1]
    assert [each["attempts"] for each in json.loads(command_line("alerts", "retry", "1", "--json").stdout)] == [0]
    assert command_line("alerts", "deliver").code == 1


def test_silences_and_maintenance_are_recorded_shown_and_ended(command_line: CommandLine) -> None:
    why = ("--reason", "we move house", "--by", "ann", "--json")
    silence = json.loads(command_line("alerts", "silence", "churn", "--for", "2h", *why).stdout)
    assert (silence["product"], silence["created_by"], silence["reason"]) == ("churn", "ann", "we move house")
    start = ("--start", "2999-01-01T22:00", "--for", "90m", "--promise", "data_age")
    planned = json.loads(command_line("alerts", "maintenance", *start, *why).stdout)
    assert (planned["starts_at"], planned["ends_at"]) == ("2999-01-01T22:00:00Z", "2999-01-01T23:30:00Z")
    assert "we move house" in command_line("alerts", "list").stdout
    assert json.loads(command_line("alerts", "unsilence", "1", "--json").stdout)["ended_at"]
    silences = json.loads(command_line("alerts", "list", "--json").stdout)["silences"]
    assert [each["kind"] for each in silences] == ["maintenance"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("silence", "churn", "--for", "2 hours", "--reason", "why"),
        ("silence", "churn", "--for", "31d", "--reason", "why"),
        ("silence", "churn", "--for", "2h", "--promise", "data_agee", "--reason", "why"),
        ("silence", "churn", "--for", "2h", "--reason", " "),
        ("maintenance", "--start", "tomorrow", "--for", "2h", "--reason", "why"),
        ("maintenance", "--start", "2001-01-01", "--for", "2h", "--reason", "why"),
        ("list", "--state", "lost"),
        ("key", "retention_desk"),
    ],
)
def test_wrong_usage_of_alerts_ends_with_two_and_records_nothing(
    command_line: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert command_line("alerts", *arguments).code == 2
    assert list(tmp_path.iterdir()) == []


def test_each_consumer_has_a_secret_of_its_own(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_ALERT_SECRET", SECRET)
    shown = json.loads(command_line("alerts", "key", "retention_desk", "--json").stdout)["secret"]
    assert shown == secret_for(SECRET, "retention_desk")
    assert len({shown, secret_for(SECRET, "order_desk"), SECRET}) == 3


def test_a_webhook_without_a_secret_is_refused_before_anything_happens(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_ALERT_WEBHOOK", "http://127.0.0.1:9/x")
    ended = command_line("alerts", "test", "--json")
    assert json.loads(ended.stdout)["error"]["code"] == "invalid_setting"
    assert list(tmp_path.iterdir()) == []
