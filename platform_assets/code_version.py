"""The version of the code that runs: the digest of its sources, equal on every machine that has the same files."""

import hashlib
from functools import cache
from pathlib import Path

from platform_assets.settings import PROJECT_ROOT

_SOURCES = (
    ("platform_assets", "*.py"),
    ("dbt_project/models", "*.sql"),
    ("dbt_project/models", "*.yml"),
    ("dbt_project/macros", "*.sql"),
    ("feature_repo", "*.py"),
)


@cache
def code_version(root: Path = PROJECT_ROOT) -> str:
    """Return 16 hex digits of the sha256 over all source files that can change a result, by path and content."""
    digest = hashlib.sha256()
    for folder, pattern in _SOURCES:
        for path in sorted((root / folder).rglob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
