"""`platform drift`: every comparison of a product with its verdict; a failing one ends in 1."""

import json
from pathlib import Path

import pytest

from tests.unit.commands.conftest import CommandLine
from tests.unit.monitoring.drift.drift_home import MOVED, DriftHome


def test_where_nothing_was_published_there_is_nothing_to_compare(command_line: CommandLine, tmp_path: Path) -> None:
    ended = command_line("drift", "--json")
    assert (ended.code, json.loads(ended.stdout)) == (0, [])
    assert not (tmp_path / "ledger.db").exists()


def test_a_batch_that_moved_is_a_problem_and_its_features_are_named(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = DriftHome(tmp_path / "made")
    home.batch(shift=3.8)
    monkeypatch.setenv("PLATFORM_HOME", str(home.settings.home))
    ended = command_line("drift", "churn", "--json")
    line = next(one for one in json.loads(ended.stdout) if one["report"]["comparison"] == "batch_from_training")
    assert (ended.code, line["data_level"], line["asks_for_retraining"]) == (1, "fail", True)
    assert MOVED in line["drifted"]
    shown = command_line("drift", "churn").stdout
    assert "asks for retraining" in shown
    assert "not enough rows" in shown
