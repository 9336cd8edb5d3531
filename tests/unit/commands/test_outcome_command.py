"""`platform outcomes`: what is told of labels that were joined, and of nothing joined."""

import json
from pathlib import Path

from tests.unit.commands.conftest import CommandLine
from tests.unit.monitoring.outcomes.outcome_table import DAY, MONDAY, OutcomeTable


def test_before_anything_is_known_it_says_so(command_line: CommandLine) -> None:
    assert json.loads(command_line("outcomes", "--json").stdout) == []
    assert "No label is joined yet" in command_line("outcomes", "churn").stdout


def test_each_release_is_told_with_its_figures_and_their_intervals(command_line: CommandLine, tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    table.add(100, right=80, variant="candidate")
    table.add(100, right=90, event_at=MONDAY + 8 * DAY, variant="candidate", sample_share=0.1)
    (line,) = json.loads(command_line("outcomes", "churn", "--json").stdout)
    assert (line["product"], line["release_id"], line["variant"], line["rows"]) == ("churn", "r1", "candidate", 200)
    assert line["figures"]["accuracy"]["value"] == 0.85
    assert line["figures"]["accuracy"]["low"] < 0.85 < line["figures"]["accuracy"]["high"]
    assert line["sample_share"] == 0.1
    shown = command_line("outcomes").stdout
    assert "accuracy 0.85 [0.79" in shown
    assert "Of a sample: 10% of the predictions were looked at." in shown


def test_weeks_are_added_on_request(command_line: CommandLine, tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    table.add(10, right=8)
    table.add(10, right=9, event_at=MONDAY + 8 * DAY)
    told = json.loads(command_line("outcomes", "churn", "--weeks", "--json").stdout)
    starts = [line["window_start"] for line in told]
    assert starts == [None, "2011-08-01T00:00:00Z", "2011-08-08T00:00:00Z"]
    assert "2011-08-08" in command_line("outcomes", "churn", "--weeks").stdout


def test_a_product_that_is_not_declared_is_named(command_line: CommandLine) -> None:
    ended = command_line("outcomes", "nothing")
    assert ended.code == 1
    assert "churn" in ended.stderr
