"""`platform experiments` on a platform without an endpoint: drafts, starts and stops with whose word it was."""

import json
from pathlib import Path

import msgspec
import pytest

from platform_assets.commands.experiment_records import declared_experiment, experiment_lines
from platform_assets.rollouts.experiments import create, start
from platform_assets.rollouts.moves import switch_off
from platform_assets.settings import Settings
from tests.unit.commands.conftest import CommandLine
from tests.unit.rollouts.experiment_samples import PRODUCT, comparison, two_releases, word
from tests.unit.serving.conftest import product_named

WHY = ("--reason", "to see whether it is better", "--by", "ada")


@pytest.fixture
def draft(tmp_path: Path, command_line: CommandLine) -> CommandLine:
    """Give the command line of a platform with two releases and a draft of an experiment."""
    two_releases(tmp_path / "releases")
    document = tmp_path / "newer-model.json"
    document.write_bytes(msgspec.json.encode(comparison()))
    ended = command_line("experiments", "create", PRODUCT, "newer-model", "--file", str(document), *WHY)
    assert ended.code == 0, ended.stderr
    return command_line


def test_an_experiment_is_created_started_looked_at_and_stopped(draft: CommandLine) -> None:
    assert draft("experiments", "start", PRODUCT, "newer-model", *WHY).code == 0
    looked = draft("experiments", "show", PRODUCT, "newer-model", "--json")
    assert looked.code == 0
    reading = json.loads(looked.stdout)
    assert reading["report"]["verdicts"]["treatment"][0]["word"] == "no difference shown yet"
    assert reading["paused"] is None
    assert draft("experiments", "stop", PRODUCT, "newer-model", *WHY).code == 0
    (line,) = json.loads(draft("experiments", "list", PRODUCT, "--json").stdout)
    assert (line["state"], line["by"], line["reason"]) == ("stopped", "ada", "to see whether it is better")


def test_people_read_the_split_before_any_verdict(draft: CommandLine) -> None:
    draft("experiments", "start", PRODUCT, "newer-model", *WHY)
    lines = draft("experiments", "show", PRODUCT, "newer-model").stdout.splitlines()
    assert lines[0].startswith("the split is sound: 0 : 0 units for shares 0.5 : 0.5")
    assert any("no difference shown yet: too few, 0 and 0" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", PRODUCT, "other"), "unknown_experiment"),
        (("start", PRODUCT, "../live", *WHY), "unknown_experiment"),
        (("create", PRODUCT, "undeclared", *WHY), "unknown_experiment"),
    ],
)
def test_an_experiment_that_is_nowhere_is_refused_with_a_code_for_programs(
    draft: CommandLine, arguments: tuple[str, ...], code: str
) -> None:
    ended = draft("experiments", *arguments, "--json")
    assert (ended.code, json.loads(ended.stdout)["error"]["code"]) == (1, code)


def test_a_document_that_is_no_experiment_is_refused_with_the_path_of_what_is_wrong(
    draft: CommandLine, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"id": "wrong", "product": PRODUCT, "unit": "cat", "variants": [], "metrics": []}))
    ended = draft("experiments", "create", PRODUCT, "wrong", "--file", str(wrong), *WHY)
    assert ended.code == 1
    assert "$.unit" in ended.stderr


def test_a_declared_experiment_is_listed_until_it_is_created_and_then_as_what_became_of_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fsync=False)
    pointers, *_ = two_releases(settings.releases_dir)
    declared = product_named(PRODUCT)
    assert declared.online is not None
    online = msgspec.structs.replace(declared.online, experiments=(comparison(),))
    product = msgspec.structs.replace(declared, online=online)
    (line,) = experiment_lines(settings, [product])
    assert (line.state, line.variants) == ("declared", {"control": 0.5, "treatment": 0.5})
    create(pointers, product, declared_experiment(product, "newer-model"), word())
    start(pointers, PRODUCT, "newer-model", word())
    (line,) = experiment_lines(settings, [product])
    assert (line.by, line.paused) == ("ada", None)
    switch_off(pointers, PRODUCT, word("closed"))
    (line,) = experiment_lines(settings, [product])
    assert line.paused == "the product is switched off by ada: closed"
