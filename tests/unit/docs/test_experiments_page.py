"""The page of experiments: its document is one that can be created, and its commands exist."""

import re
import shlex

import msgspec
from typer.main import get_command

from platform_assets.cli import app
from platform_assets.contract.experiment_rules import broken_experiment_rules, broken_for_product
from platform_assets.contract.experiments import Experiment
from platform_assets.settings import PROJECT_ROOT
from tests.unit.serving.conftest import product_named

PAGE = (PROJECT_ROOT / "docs" / "experiments.md").read_text()


def test_the_document_on_the_page_keeps_every_rule_of_its_product() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    experiment = msgspec.json.decode(text, type=Experiment)
    assert list(broken_experiment_rules(experiment)) == []
    assert list(broken_for_product(experiment, product_named(experiment.product))) == []


def test_every_command_on_the_page_exists_with_its_options() -> None:
    commands = [shlex.split(line) for line in PAGE.splitlines() if line.startswith("platform experiments ")]
    assert len(commands) == 3
    group = get_command(app).commands["experiments"]  # type: ignore[attr-defined]
    for _, _, name, *arguments in commands:
        options = {option for parameter in group.commands[name].params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= options
