"""The project's own files, parsed, for tests that look at all of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "platform_assets"
TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Source:
    """One Python file with its tree; `name` is its path from the root it was found under."""

    name: str
    text: str
    tree: ast.Module


@cache
def sources(root: Path) -> tuple[Source, ...]:
    """Return every Python file below a directory, sorted."""
    return tuple(
        read_source(path, root.parent) for path in sorted(root.rglob("*.py")) if "__pycache__" not in str(path)
    )


def read_source(path: Path, base: Path) -> Source:
    """Parse one file."""
    text = path.read_text()
    return Source(path.relative_to(base).as_posix(), text, ast.parse(text))


def source_of(text: str, name: str = "sample.py") -> Source:
    """Return a made-up file, to show that a rule fails where it should."""
    return Source(name, text, ast.parse(text))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for such an expression, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def used_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every name that is read and of everything imported from a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def imported_modules(tree: ast.AST) -> set[str]:
    """Return the top-level packages that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found
