"""The whole code location over a home of its own; the dbt project is parsed once per session and not once per home."""

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from platform_assets.definitions import build_definitions
from platform_assets.orchestration.dbt_project import ensure_manifest
from platform_assets.settings import Settings


def code_location(home: Path) -> dg.Definitions:
    return code_location_of(Settings(home=home, fsync=False))


def code_location_of(settings: Settings) -> dg.Definitions:
    name, content = _manifest(settings.project_root)
    path = settings.home / "dbt" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return build_definitions(settings)


@functools.cache
def _manifest(project_root: Path) -> tuple[str, bytes]:
    with TemporaryDirectory() as home:
        path = ensure_manifest(Settings(home=Path(home), project_root=project_root, fsync=False))
        return path.name, path.read_bytes()
