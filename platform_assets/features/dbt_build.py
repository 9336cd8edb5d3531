"""Runs the dbt project outside Dagster, and the variables and environment of a run for both."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from platform_assets.contract.datasets import DATASETS, DatasetName
from platform_assets.errors import DbtFailedError, MissingToolError, NotMaterializedError
from platform_assets.features.raw_files import current_raw
from platform_assets.features.raw_report import ROWS_FILE
from platform_assets.settings import Settings

WAREHOUSE = "warehouse.duckdb"  # the stem is the catalog name in dbt's manifest
TIMEOUT_S = 1800
_LAST_LINES = 8


def dbt_variables(
    settings: Settings, *, as_of_from: dt.date, as_of_to: dt.date, build_dir: Path, staging_dir: Path | None = None
) -> dict[str, str]:
    """Return the variables of a run: as-of days (both included), inputs and the directories of the outputs.

    Makes the directories, because DuckDB does not. Two runs that build staging models at the same time need different
    `staging_dir`s; the default is the one that every reader uses.
    """
    staging = staging_dir or settings.staging_dir
    for folder in (build_dir, staging):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "as_of_from": as_of_from.isoformat(),
        "as_of_to": as_of_to.isoformat(),
        "staging_dir": str(staging.resolve()),
        "features_build_dir": str(build_dir.resolve()),
        **{f"raw_{dataset}": str(_rows_of(dataset, settings)) for dataset in DATASETS},
    }


def dbt_environment(settings: Settings, scratch: Path) -> dict[str, str]:
    """Return the environment of a run: everything that dbt writes goes into `scratch`, which no other run uses."""
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "PLATFORM_DUCKDB": str((scratch / WAREHOUSE).resolve()),
        "DBT_PROJECT_DIR": str(settings.project_root / "dbt_project"),
        "DBT_PROFILES_DIR": str(settings.project_root / "dbt_project"),
        "DBT_TARGET_PATH": str((scratch / "target").resolve()),
        "DBT_LOG_PATH": str((scratch / "logs").resolve()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def run_dbt(
    settings: Settings, args: Sequence[str], *, scratch: Path, variables: Mapping[str, str] | None = None
) -> Path:
    """Run one dbt command in its own process and return its target directory (manifest, run results).

    Raises MissingToolError without dbt, DbtFailedError with dbt's last words.
    """
    program, environment = Path(sys.executable).with_name("dbt"), dbt_environment(settings, scratch)
    if not program.is_file():
        raise MissingToolError(tool="dbt", remedy="install the locked requirements into this environment.")
    # `env` instead of our own environment, which other threads share: two runs at once must not see each other's.
    command = ["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items()), str(program), *args]
    if variables:
        command += ["--vars", json.dumps(dict(variables))]
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        log = f"{environment['DBT_LOG_PATH']}/dbt.log"
        raise DbtFailedError(command=" ".join(args), reason=f"no end after {error.timeout} s", log=log) from error
    if done.returncode != 0:
        last = " | ".join([line.strip() for line in done.stdout.splitlines() if line.strip()][-_LAST_LINES:])
        raise DbtFailedError(command=" ".join(args), reason=last, log=f"{environment['DBT_LOG_PATH']}/dbt.log")
    return Path(environment["DBT_TARGET_PATH"])


def _rows_of(dataset: DatasetName, settings: Settings) -> Path:
    """Return the typed rows of a data set; a run that does not need a data set may run before it is there."""
    try:
        return (current_raw(dataset, settings).path.parent / ROWS_FILE).resolve()
    except NotMaterializedError:
        return settings.raw_dir.resolve() / dataset / "not_materialized" / ROWS_FILE
