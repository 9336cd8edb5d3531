"""The operator's commands on an empty platform: usage and refusals have their codes, looking creates nothing."""

import json
from pathlib import Path

import pytest

from tests.unit.commands.conftest import CommandLine


@pytest.mark.parametrize(
    "arguments",
    [
        ("releases", "rollback", "churn", "--to", "abc"),
        ("releases", "rollback", "churn", "--reason", "why"),
        ("releases", "rollback", "churn", "--reason", "why", "--to", "abc", "--as-of", "2026-01-01"),
        ("releases", "rollback", "churn", "--reason", "why", "--as-of", "nine"),
        ("releases", "approve", "churn", "--version", "1", "--reason", "  "),
        ("quarantine", "drop", "one", "--reason", "why"),
        ("predictions", "withdraw", "churn", "--as-of", "yesterday", "--reason", "why"),
        ("lake", "clean", "--older-than-hours", "0"),
        ("recall", "online_retail"),
        ("recall", "online_retail", "--reason", "why", "--dry-run", "--lift"),
        ("impact", "online_retail", "--ids", "/no/such/directory/ids"),
        ("trace", "churn-20111209-b-0", "--html", "/no/such/directory/page.html"),
    ],
)
def test_wrong_usage_of_an_operators_command_ends_with_two(
    command_line: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ended = command_line(*arguments)
    assert (ended.code, ended.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("releases", "list"),
        ("releases", "history", "churn"),
        ("quarantine", "list", "churn"),
        ("predictions", "list", "churn"),
    ],
)
def test_looking_at_an_empty_platform_shows_nothing_and_creates_nothing(
    command_line: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ended = command_line(*arguments, "--json")
    assert (ended.code, json.loads(ended.stdout)) == (0, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("releases", "show", "abc"), "unknown_record"),
        (("releases", "rollback", "churn", "--to", "abc", "--reason", "why"), "no_release"),
        (("releases", "reject", "churn", "--version", "1", "--reason", "why"), "unknown_record"),
        (("quarantine", "show", "1"), "unknown_record"),
        (("impact", "online_retail"), "unknown_record"),
        (("recall", "online_retail", "--reason", "why"), "unknown_record"),
        (("trace", "churn-20111209-b-0"), "unknown_prediction"),
        (("quarantine", "release", "1", "--reason", "why"), "unknown_record"),
        (("predictions", "withdraw", "churn", "--as-of", "2011-12-09", "--reason", "why"), "unknown_record"),
    ],
)
def test_what_is_not_there_is_refused_with_one_and_a_code_for_programs(
    command_line: CommandLine, arguments: tuple[str, ...], code: str
) -> None:
    ended = command_line(*arguments, "--json")
    assert (ended.code, json.loads(ended.stdout)["error"]["code"]) == (1, code)
