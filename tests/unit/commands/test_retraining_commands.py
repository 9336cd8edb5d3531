"""`platform retraining`: what is asked for and held, a request by hand, and taking one back."""

import json
from pathlib import Path
from typing import Any

from platform_assets.clock import wall_now
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.monitoring.retraining.decide import Prospect
from platform_assets.monitoring.retraining.records import ask_by_hand
from tests.unit.commands.conftest import CommandLine
from tests.unit.monitoring.retraining.retraining_samples import PROSPECT

WHY = ("--reason", "the season has turned", "--by", "ann")


def told(command_line: CommandLine, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON the command prints
    ended = command_line("retraining", *arguments, "--json")
    assert ended.code == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def refused(command_line: CommandLine, *arguments: str) -> str:
    ended = command_line("retraining", *arguments, "--json")
    assert ended.code == 1, ended.stdout + ended.stderr
    return str(json.loads(ended.stdout)["error"]["code"])


def ask(home: Path, prospect: Prospect = PROSPECT) -> None:
    ledger = open_ledger(f"sqlite:///{home / 'ledger.db'}")
    word = Mandate(by="ann", at=wall_now(), reason="the season has turned")
    ask_by_hand(ledger, "churn", release_id="a" * 16, prospect=prospect, mandate=word)


def test_an_empty_platform_asks_for_nothing_and_creates_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    overview = told(command_line, "list")
    assert {one["action"] for one in overview["products"]} == {"nothing"}
    assert overview["requests"] == []
    assert refused(command_line, "show", "1") == "unknown_record"
    assert list(tmp_path.iterdir()) == []


def test_a_request_is_listed_shown_and_taken_back_once(command_line: CommandLine, tmp_path: Path) -> None:
    ask(tmp_path)
    (listed,) = told(command_line, "list", "churn")["requests"]
    assert listed == told(command_line, "show", "1")
    assert (listed["cutoff"], listed["requested_by"]) == ("2026-02-01", "ann")
    taken = told(command_line, "withdraw", "1", *WHY)
    assert [step["state"] for step in taken["steps"]] == ["withdrawn"]
    assert refused(command_line, "withdraw", "1", *WHY) == "retraining_state"


def test_people_read_the_same_as_programs(command_line: CommandLine, tmp_path: Path) -> None:
    ask(tmp_path)
    listed = command_line("retraining", "list").stdout
    assert "no rule that asks for a new model is broken" in listed
    assert "the season has turned" in listed
    shown = command_line("retraining", "show", "1").stdout
    assert "tested from 2026-02-01 on" in shown
    assert "new labels" in shown


def test_what_was_never_released_is_not_trained_again(command_line: CommandLine) -> None:
    assert refused(command_line, "request", "churn", *WHY) == "no_release"
    assert told(command_line, "list")["requests"] == []
