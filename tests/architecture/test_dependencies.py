"""Who may import whom: the contract of .importlinter, run here and shown to refuse."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, ROOT, imported_modules, sources

KNOW_DAGSTER = ("platform_assets/cli.py", "platform_assets/commands/", "platform_assets/definitions.py")


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    arguments = [str(program), "--no-cache", "--config", str(ROOT / ".importlinter")]
    return subprocess.run(arguments, cwd=directory, capture_output=True, text=True, check=False)


def empty_copy(directory: Path) -> Path:
    """Lay out the package's modules and packages without any content."""
    for path in (*PACKAGE.glob("*.py"), *PACKAGE.glob("*/__init__.py")):
        target = directory / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("")
    return directory / "platform_assets"


def test_every_import_of_the_package_keeps_the_rules_of_dependency() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("contract/product.py", "import platform_assets.products", "layers below"),
        ("batch/flow.py", "import platform_assets.serving", "layers below"),
        ("serving/app.py", "import platform_assets.products", "knows nothing of the factory"),
        ("inference/frame.py", "def late():\n    import pandas", "knows nothing of the factory"),
        ("training/train.py", "import dagster", "know Dagster"),
        ("products/churn.py", "import numpy", "pure data"),
        ("client/client.py", "import starlette", "nothing of what answers"),
        ("unplaced.py", "", "unplaced"),
    ],
)
def test_an_import_against_the_rules_is_refused(tmp_path: Path, module: str, line: str, broken: str) -> None:
    package = empty_copy(tmp_path)
    (package / module).write_text(f"{line}\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode == 1
    assert broken in " ".join(checked.stdout.split()) + checked.stderr


def test_only_the_top_of_the_package_knows_dagster() -> None:
    importers = [file.name for file in sources(PACKAGE) if "dagster" in imported_modules(file.tree)]
    assert [name for name in importers if not name.startswith((*KNOW_DAGSTER, "platform_assets/orchestration/"))] == []


def test_declarations_import_nothing_but_the_standard_library_and_msgspec() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec", "platform_assets"}
    words = [file for file in sources(PACKAGE) if file.name.split("/")[1] in {"contract", "products"}]
    assert {
        file.name: imported_modules(file.tree) - allowed for file in words if imported_modules(file.tree) - allowed
    } == {}
