"""The version of the code: it changes with a source that can change a result and with nothing else."""

from pathlib import Path

import pytest

from platform_assets.code_version import code_version

SOURCES = {
    "platform_assets/batch/flow.py": "one = 1\n",
    "platform_assets/products/churn.py": "PRODUCT = 1\n",
    "dbt_project/models/features/customer_orders.sql": "select 1\n",
    "dbt_project/models/features/customer_orders.yml": "version: 2\n",
    "dbt_project/macros/known.sql": "{% macro a() %}{% endmacro %}\n",
    "feature_repo/views.py": "views = ()\n",
}


def tree(root: Path, changed: dict[str, str] | None = None) -> Path:
    for name, content in {**SOURCES, **(changed or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_the_same_sources_have_the_same_version_wherever_they_lie(tmp_path: Path) -> None:
    version = code_version(tree(tmp_path / "a"))
    assert version == code_version(tree(tmp_path / "elsewhere" / "b"))
    assert len(version) == 16


@pytest.mark.parametrize("name", SOURCES)
def test_any_changed_source_changes_the_version(tmp_path: Path, name: str) -> None:
    changed = tree(tmp_path / "b", {name: SOURCES[name] + "\n"})
    assert code_version(tree(tmp_path / "a")) != code_version(changed)


@pytest.mark.parametrize("name", ["platform_assets/new.py", "dbt_project/models/staging/new.sql"])
def test_a_new_source_changes_the_version(tmp_path: Path, name: str) -> None:
    assert code_version(tree(tmp_path / "a")) != code_version(tree(tmp_path / "b", {name: ""}))


def test_a_renamed_source_changes_the_version(tmp_path: Path) -> None:
    renamed = tree(tmp_path / "b")
    (renamed / "feature_repo/views.py").rename(renamed / "feature_repo/other.py")
    assert code_version(tree(tmp_path / "a")) != code_version(renamed)


@pytest.mark.parametrize(
    "name", ["README.md", "tests/unit/test_a.py", "dbt_project/target/compiled.sql", "platform_assets/a.pyc"]
)
def test_what_changes_no_result_does_not_change_the_version(tmp_path: Path, name: str) -> None:
    assert code_version(tree(tmp_path / "a")) == code_version(tree(tmp_path / "b", {name: "x"}))
