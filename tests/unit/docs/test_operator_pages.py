"""The commands that the pages tell operators to type exist, with their options."""

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from platform_assets.cli import app
from platform_assets.settings import PROJECT_ROOT

PAGES = (
    "README.md",
    "docs/operations.md",
    "docs/alerts.md",
    "docs/slas.md",
    "docs/recall.md",
    "docs/trace.md",
    "docs/rollouts.md",
    "docs/experiments.md",
    "docs/http.md",
    "docs/contracts.md",
    "docs/outcomes.md",
)


def commands(page: str) -> list[str]:
    """Return what a page shows to type, in blocks and within its text."""
    text = (PROJECT_ROOT / page).read_text()
    lines = [line.partition(" #")[0].strip() for line in text.splitlines() if line.startswith("platform ")]
    return [*lines, *re.findall(r"`(platform [a-z][^`]*)`", text)]


def words(command: str) -> list[str]:
    return shlex.split(command.replace("...", "word").partition(" / ")[0])[1:]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists_with_its_options(page: str) -> None:
    told = commands(page)
    assert told
    assert [problem for command in told if (problem := problem_of(command))] == []


def problem_of(command: str) -> str | None:
    """Return what is wrong with a command, or None."""
    known: Any = get_command(app)
    rest = words(command)
    while rest and hasattr(known, "commands"):
        if rest[0] not in known.commands:
            return f"{command}: {rest[0]} is unknown"
        known = known.commands[rest.pop(0)]
    options = {name for parameter in getattr(known, "params", ()) for name in parameter.opts}
    # `-n 100` and the like: what begins with a dash is an option, all else a value.
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in options]
    return f"{command}: {', '.join(unknown)} is unknown" if unknown else None
