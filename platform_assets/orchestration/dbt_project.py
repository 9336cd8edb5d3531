"""Where the dbt project is and its compiled manifest, made once per version of the project."""

import datetime as dt
import hashlib
import os
import shutil
from pathlib import Path

from platform_assets.features.dbt_build import dbt_variables, run_dbt
from platform_assets.settings import Settings


def project_dir(settings: Settings) -> Path:
    """Return the directory of the dbt project."""
    return settings.project_root / "dbt_project"


def ensure_manifest(settings: Settings) -> Path:
    """Return the manifest of the dbt project as it is now; parses the project when a file of it has changed.

    Two processes may do so at once: each parses into its own directory and the first to finish is kept.
    """
    manifest = settings.home / "dbt" / f"{_fingerprint(project_dir(settings))}.json"
    if manifest.exists():
        return manifest
    scratch = settings.scratch_dir / f"parse-{os.getpid()}"
    day = dt.date(2000, 1, 1)  # any: parsing reads no data
    variables = dbt_variables(settings, as_of_from=day, as_of_to=day, build_dir=scratch)
    run_dbt(settings, ["parse", "--no-partial-parse"], scratch=scratch, variables=variables)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    os.replace(next(scratch.rglob("manifest.json")), manifest)  # noqa: PTH105 - atomic, over an existing file too
    shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in project.rglob("*") if path.suffix in {".sql", ".yml"}):
        if not {"target", "logs"} & set(path.relative_to(project).parts):
            digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
