"""Rules that hold in every file of the package, each shown to fail on a file that breaks it."""

import pytest

from tests.architecture.rules import (
    Rule,
    catches_everything,
    has_forbidden_name,
    has_long_function,
    is_more_than_a_docstring,
    is_too_long,
    reads_environment,
    reads_wall_clock,
    uses_pickle,
    violations,
)
from tests.architecture.sources import PACKAGE, TESTS, source_of, sources

BOUNDARIES = {
    "platform_assets/cli.py",  # the command line
    "platform_assets/serving/asgi.py",  # a request
    "platform_assets/monitoring/watch.py",  # the body of a monitor
}


def test_only_the_settings_read_the_environment() -> None:
    assert not violations(reads_environment, [f for f in sources(PACKAGE) if f.name != "platform_assets/settings.py"])


def test_only_the_clock_asks_for_the_present_instant() -> None:
    assert not violations(reads_wall_clock, [f for f in sources(PACKAGE) if f.name != "platform_assets/clock.py"])


def test_every_error_is_caught_only_at_three_named_boundaries() -> None:
    found = {file.name for file in sources(PACKAGE) if list(catches_everything(file))}
    assert found <= BOUNDARIES
    assert len(BOUNDARIES) == 3


def test_no_file_of_the_package_can_load_a_pickle() -> None:
    assert not violations(uses_pickle, sources(PACKAGE))


def test_no_python_file_is_longer_than_three_hundred_lines() -> None:
    # The errors are one tree in one file, drawn at its top; taking it apart would hide what exists.
    files = [file for file in (*sources(PACKAGE), *sources(TESTS)) if file.name != "platform_assets/errors.py"]
    assert not violations(is_too_long, files)


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert not violations(has_long_function, [*sources(PACKAGE), *sources(TESTS)])


def test_every_package_is_introduced_by_one_docstring_and_re_exports_nothing() -> None:
    assert not violations(is_more_than_a_docstring, [f for f in sources(PACKAGE) if f.name.endswith("__init__.py")])


def test_every_directory_with_python_files_is_a_package_with_a_docstring() -> None:
    directories = {path.parent for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts}
    # Alembic loads its scripts by path.
    without = {d for d in directories if not (d / "__init__.py").exists() and "migrations" not in d.parts}
    assert not without


def test_no_module_is_named_after_nothing() -> None:
    assert not violations(has_forbidden_name, [*sources(PACKAGE), *sources(TESTS)])


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (reads_environment, "import os\nhome = os.environ['HOME']\n"),
        (reads_environment, "from os import environ\n"),
        (reads_environment, "import os\nhome = os.getenv('HOME')\n"),
        (reads_wall_clock, "import datetime as dt\nnow = dt.datetime.now(dt.UTC)\n"),
        (reads_wall_clock, "from time import time\nnow = time()\n"),
        (catches_everything, "try:\n    work()\nexcept Exception:\n    pass\n"),
        (catches_everything, "try:\n    work()\nexcept (ValueError, BaseException):\n    pass\n"),
        (catches_everything, "try:\n    work()\nexcept:\n    pass\n"),
        (uses_pickle, "import joblib\n"),
        (uses_pickle, "import numpy as np\nnp.load('x', allow_pickle=True)\n"),
        (is_too_long, "x = 1\n" * 301),
        (has_long_function, "def long() -> None:\n" + "    x = 1\n" * 50),
        (is_more_than_a_docstring, '"""A package."""\nfrom os import path\n'),
        (is_more_than_a_docstring, ""),
    ],
)
def test_a_file_that_breaks_a_rule_is_found(rule: Rule, text: str) -> None:
    assert list(rule(source_of(text)))


@pytest.mark.parametrize(
    "name", ["platform_assets/utils.py", "tests/unit/date_helpers.py", "platform_assets/common/x.py"]
)
def test_a_file_without_a_concept_in_its_name_is_found(name: str) -> None:
    assert list(has_forbidden_name(source_of("", name)))
