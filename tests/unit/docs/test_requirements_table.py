"""The table of requirements is complete, and what it calls proof exists."""

import re
from typing import NamedTuple

import pytest

from platform_assets.settings import PROJECT_ROOT

TABLE = (PROJECT_ROOT / "docs" / "requirements.md").read_text()
STATES = {"built", "partly", "planned", "not ours"}
_PATH = re.compile(r"`((?:tests|platform_assets|docs|dbt_project|feature_repo)/[^`:]+|README\.md)(?:::(\w+))?`")


class Row(NamedTuple):
    """One row of the table: for a contradiction `where` is what is done today and `proof` repeats it."""

    number: str
    state: str
    where: str
    proof: str


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


REQUIREMENTS = [
    Row(number, state, where, proof)
    for number, _, state, where, proof in (cells(line) for line in TABLE.splitlines() if re.match(r"\| R\d+ ", line))
]
CONTRADICTIONS = [
    Row(number, state, done, done)
    for number, _, done, state in (cells(line) for line in TABLE.splitlines() if re.match(r"\| X\d+ ", line))
]
EVERY_ROW = [*REQUIREMENTS, *CONTRADICTIONS]


def test_every_requirement_has_exactly_one_row() -> None:
    assert [row.number for row in REQUIREMENTS] == [f"R{number:03}" for number in range(1, 422)]


def test_every_contradiction_has_exactly_one_row() -> None:
    assert [row.number for row in CONTRADICTIONS] == [f"X{number}" for number in range(1, 25)]


def test_every_row_has_a_valid_state() -> None:
    assert {row.number: row.state for row in EVERY_ROW if row.state not in STATES} == {}


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    told = dict(re.findall(r"^\| (built|partly|planned|not ours) \|.*\| (\d+) \|$", TABLE, flags=re.MULTILINE))
    counted = {state: str(sum(row.state == state for row in REQUIREMENTS)) for state in STATES}
    assert told == counted


def test_every_built_requirement_names_a_test() -> None:
    assert [row.number for row in REQUIREMENTS if row.state == "built" and "::test_" not in row.proof] == []


def test_what_is_not_built_says_why() -> None:
    assert [row.number for row in EVERY_ROW if row.state != "built" and not row.proof.strip("-")] == []


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_file_and_test_that_a_row_names_exists(state: str) -> None:
    named = {match for row in EVERY_ROW if row.state == state for match in _PATH.findall(f"{row.where} {row.proof}")}
    missing = [f"{path}::{name}".removesuffix("::") for path, name in sorted(named) if not _exists(path, name)]
    assert missing == []


def _exists(path: str, test: str) -> bool:
    file = PROJECT_ROOT / path
    if not test:
        return file.exists()
    return file.is_file() and re.search(rf"def {test}\(", file.read_text()) is not None
