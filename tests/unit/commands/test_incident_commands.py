"""`platform incidents`: from the first look to the last action, as an operator does it."""

import json
from pathlib import Path
from typing import Any

import pytest

from platform_assets.clock import wall_now
from platform_assets.inference.promotion_hold import read_holds
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.settings import Settings
from tests.unit.commands.conftest import CommandLine
from tests.unit.monitoring.incident_samples import ACTING, HOUR, look, publish

WHY = ("--reason", "the daemon was off", "--by", "ann")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Return the ledger of the command line's home with one broken promise, that machines act on."""
    made = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    publish(made, wall_now() - 230 * HOUR)
    look(made, "broken", wall_now() - HOUR, product=ACTING)
    return made


def told(command_line: CommandLine, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON the command prints
    ended = command_line("incidents", *arguments, "--json")
    assert ended.code == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def refused(command_line: CommandLine, *arguments: str) -> str:
    ended = command_line("incidents", *arguments, "--json")
    assert ended.code == 1, ended.stdout + ended.stderr
    return str(json.loads(ended.stdout)["error"]["code"])


def test_an_empty_platform_lists_no_incident_and_creates_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    assert told(command_line, "list") == []
    assert refused(command_line, "show", "1") == "unknown_record"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ledger")
def test_an_incident_is_listed_shown_and_reported(command_line: CommandLine) -> None:
    [line] = told(command_line, "list", "churn")
    assert (line["incident"]["state"], line["actions_open"]) == ("open", 0)
    assert line["cause"].startswith("no batch was made or refused")
    details = told(command_line, "show", "1")
    assert [one["kind"] for one in details["timeline"]][-3:] == ["opened", "fallback", "cause_drafted"]
    assert told(command_line, "report", "1")["document"].startswith("# Incident 1: ")


@pytest.mark.usefixtures("ledger")
def test_people_read_the_same_as_programs(command_line: CommandLine) -> None:
    assert "data_age is broken" in command_line("incidents", "list").stdout
    shown = command_line("incidents", "show", "1").stdout
    assert "send_offer is not done" in shown
    assert "nothing_ran" not in shown
    assert "# Incident 1: " in command_line("incidents", "report", "1").stdout


def test_an_incident_is_worked_on_until_it_is_resolved(command_line: CommandLine, ledger: Ledger) -> None:
    assert told(command_line, "acknowledge", "1", *WHY)["state"] == "acknowledged"
    assert refused(command_line, "resolve", "1", *WHY) == "incident_state"
    assert told(command_line, "cause", "1", *WHY)["root_cause"] == "the daemon was off"
    assert refused(command_line, "resolve", "1", *WHY) == "incident_state"
    look(ledger, "kept", wall_now(), product=ACTING)
    assert told(command_line, "resolve", "1", *WHY)["state"] == "resolved"
    assert told(command_line, "list") == []
    assert [line["incident"]["state"] for line in told(command_line, "list", "--all")] == ["resolved"]


@pytest.mark.usefixtures("ledger")
def test_an_overdue_action_is_seen_and_holds_promotions_until_it_is_done(
    command_line: CommandLine, tmp_path: Path
) -> None:
    asked = ("--what", "watch it", "--owner", "ops", "--due", "2026-01-01")
    made = told(command_line, "action", "1", *asked, *WHY, "--kind", "capacity")
    assert (made["kind"], made["due_at"]) == ("capacity", "2026-01-01T00:00:00Z")
    [line] = told(command_line, "list")
    assert (line["actions_overdue"], line["holds_promotions"]) == (1, True)
    releases = Settings.from_environment().releases_dir
    assert releases.is_relative_to(tmp_path)
    assert {hold.incident_id for hold in read_holds(releases, "churn")} == {1}
    assert told(command_line, "done", "1", *WHY)["outcome"] == "the daemon was off"
    assert told(command_line, "list")[0]["actions_overdue"] == 0


@pytest.mark.usefixtures("ledger")
def test_a_waiver_lets_promotions_pass_and_a_past_one_is_refused(command_line: CommandLine) -> None:
    asked = ("--what", "watch it", "--owner", "ops", "--due", "2026-01-01")
    told(command_line, "action", "1", *asked, *WHY)
    assert refused(command_line, "waive", "1", "--until", "2026-01-01", *WHY) == "incident_state"
    until = (wall_now() + HOUR).isoformat()
    assert told(command_line, "waive", "1", "--until", until, *WHY)["waived_until"] is not None
    assert not told(command_line, "list")[0]["holds_promotions"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("resolve", "1"),
        ("resolve", "1", "--reason", "  "),
        ("waive", "1", "--until", "tomorrow", *WHY),
        ("action", "1", "--what", "x", "--owner", "y", "--due", "2026-01-01", "--kind", "party", *WHY),
        ("show", "first"),
    ],
)
def test_wrong_usage_of_a_step_of_an_incident_ends_with_two(
    command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    assert command_line("incidents", *arguments).code == 2
