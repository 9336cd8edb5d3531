"""`platform promises`: every promise as it stands now, with since when; an exit code that tells of broken ones."""

import json
from pathlib import Path

import pytest

from platform_assets.commands.promise_records import promise_lines
from platform_assets.ledger.promises import promise_standings
from platform_assets.monitoring.watch import watch_promises
from tests.unit.commands.conftest import CommandLine
from tests.unit.monitoring.promises.promise_samples import DAY, MONDAY, make_records


def test_promises_of_an_empty_platform_are_unknown_and_nothing_is_created(
    command_line: CommandLine, tmp_path: Path
) -> None:
    ended = command_line("promises", "--json")
    lines = json.loads(ended.stdout)
    assert {(line["promise"], line["state"]) for line in lines} == {("data_age", "unknown")}
    assert list(tmp_path.iterdir()) == []


def test_a_broken_promise_is_shown_with_its_numbers_and_an_exit_code(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_CLOCK", "live")
    records = make_records(tmp_path, name="segments")
    records.publish(MONDAY)
    monkeypatch.setattr("platform_assets.commands.promises.wall_now", lambda: MONDAY + 33 * DAY)
    ended = command_line("promises", "segments")
    assert ended.code == 1
    (line,) = [line for line in ended.stdout.splitlines() if "data_age" in line]
    assert "broken" in line
    assert "792 hours" in line
    assert promise_standings(records.ledger) == []


def test_since_when_is_told_once_the_watch_has_seen_it(tmp_path: Path) -> None:
    records = make_records(tmp_path, name="segments")
    records.publish(MONDAY)
    watch_promises(records.settings, records.ledger, [records.product], MONDAY + DAY)
    early = promise_lines(records.settings, [records.product], wall=MONDAY + 2 * DAY)
    assert {line.since for line in early if line.promise == "data_age"} == {MONDAY + DAY}
    late = promise_lines(records.settings, [records.product], wall=MONDAY + 33 * DAY)
    assert {(line.state, line.since) for line in late if line.promise == "data_age"} == {("broken", None)}
    assert "sla_freshness" in {line.promise for line in late}
