"""The directory of the Dagster instance, with the configuration of the project and a finished storage in it."""

import fcntl
import subprocess
import sys
from pathlib import Path

from platform_assets.errors import MissingToolError, ServiceFailedError
from platform_assets.processes.environment import environment_of
from platform_assets.settings import Settings

_SECONDS = 180


def prepare_dagster_home(settings: Settings) -> Path:
    """Create DAGSTER_HOME with an exact copy of the project's dagster.yaml and its storage, and return it.

    The storage is made by one process alone, before anything uses it: a webserver and a daemon that both find an
    empty directory spoil its schema for good. Cheap from the second call on. Raises ServiceFailedError.
    """
    home = settings.dagster_dir
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _copy_configuration(settings.project_root / "dagster.yaml", home / "dagster.yaml")
        marker = home / ".storage-is-made"
        if not marker.exists():
            _make_storage(settings)
            marker.touch()
    return home


def _copy_configuration(source: Path, target: Path) -> None:
    wanted = source.read_bytes()
    if not target.exists() or target.read_bytes() != wanted:
        draft = target.with_suffix(".tmp")
        draft.write_bytes(wanted)
        draft.replace(target)


def _make_storage(settings: Settings) -> None:
    program = Path(sys.executable).parent / "dagster"  # beside the interpreter: no environment needs activation
    variables = [f"{name}={value}" for name, value in environment_of(settings).items()]
    try:
        made = subprocess.run(
            ["/usr/bin/env", *variables, str(program), "instance", "info"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except OSError as error:
        raise MissingToolError(tool="the dagster command", remedy=f"{error}; run `make` to set up.") from error
    if made.returncode != 0:
        raise ServiceFailedError(
            service="the Dagster instance",
            reason="its storage could not be made",
            log=str(settings.dagster_dir),
            tail="\n".join((made.stdout + made.stderr).splitlines()[-15:]),
        )
