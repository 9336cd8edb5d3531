"""`platform slas`: owners and objectives before anything ran, budgets from what was counted."""

import json
from pathlib import Path

from platform_assets.clock import wall_now
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.sla_counts import Objected, Units, add_units
from platform_assets.settings import Settings
from tests.unit.commands.conftest import CommandLine


def test_every_mode_has_an_owner_and_objectives_before_anything_was_counted(
    command_line: CommandLine, tmp_path: Path
) -> None:
    told = json.loads(command_line("slas", "--json").stdout)
    assert {line["mode"] for line in told if line["product"] == "churn"} == {"batch", "online"}
    assert all(line["owner"] and line["state"] == "unknown" and line["value"] is None for line in told)
    assert not (tmp_path / "ledger.db").exists()


def test_a_spent_budget_is_a_problem_and_other_products_are_left_out(command_line: CommandLine, tmp_path: Path) -> None:
    ledger = open_ledger(Settings(home=tmp_path).ledger_dsn)
    add_units(ledger, Objected("churn", "online", "error_rate"), Units(0, 1000), wall_now())
    ended = command_line("slas", "churn", "--json")
    (line,) = [one for one in json.loads(ended.stdout) if one["measure"] == "error_rate"]
    assert (ended.code, line["state"], line["value"], line["target_ratio"]) == (1, "broken", 0.0, 0.999)
    assert line["budget_left"] < 0.0
    assert round(line["burn"]["1h"]) == 1000
    shown = command_line("slas", "churn")
    assert "0.999 over 30 d" in shown.stdout
    assert "broken" in shown.stdout
    assert "clv" not in shown.stdout
