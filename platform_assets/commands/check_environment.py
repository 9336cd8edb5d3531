"""Looks at this machine: Python, packages, ports, disk, and the servers that settings point to."""

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from platform_assets.commands.findings import Finding, ok, problem, warning
from platform_assets.errors import PortTakenError
from platform_assets.inference.native.binary import BUILD_IT, binary_path
from platform_assets.processes.catalog import services
from platform_assets.processes.service import Service
from platform_assets.settings import Settings

_PYTHON = (3, 11)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_NEEDED_BYTES = 3 * 1024**3
_GIBIBYTE = 1024**3


def environment_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what was seen, in the order in which a newcomer would stumble over it."""
    yield _python()
    yield _packages(settings.project_root / "requirements.lock")
    yield _engine()
    yield _disk(settings.home)
    yield from _services(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == _PYTHON:
        return ok("Python", version)
    return problem("Python", version, "Use Python 3.11: `make PYTHON=python3.11`.")


def _packages(lock: Path) -> Finding:
    pins = dict(_PIN.findall(lock.read_text())) if lock.exists() else {}
    if not pins:
        return problem("packages", f"{lock} has no pins", "Restore requirements.lock from the repository.")
    wrong = [f"{name} {_installed(name)} (pinned {pin})" for name, pin in pins.items() if _installed(name) != pin]
    if not wrong:
        return ok("packages", f"{len(pins)} packages are the locked ones")
    shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")  # noqa: PLR2004 - a glance
    return problem("packages", shown, "Install them again: `make clean-venv` and any other make command.")


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _engine() -> Finding:
    if binary_path().exists():
        return ok("scoring engine", "the native one is built")
    return warning("scoring engine", "LightGBM's own library: the same bits, more slowly", f"To be faster, {BUILD_IT}")


def _disk(home: Path) -> Finding:
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / _GIBIBYTE:.1f} GiB free at {home}"
    if free >= _NEEDED_BYTES:
        return ok("disk", detail)
    return problem("disk", detail, f"Free {_NEEDED_BYTES / _GIBIBYTE:.0f} GiB there, or set PLATFORM_HOME elsewhere.")


def _services(settings: Settings) -> Iterator[Finding]:
    for service in services(settings):
        if service.is_outside:
            seen = service.problem()
            yield (
                ok(service.title, f"{service.url} answers")
                if seen is None
                else problem(service.title, seen, "Start that server, or unset its variable to use the embedded one.")
            )
        elif service.pid() is not None:
            yield ok(service.title, f"runs as process {service.pid()}")
        else:
            yield _port_of(service)


def _port_of(service: Service) -> Finding:
    try:
        service.check_port()
    except PortTakenError as error:
        return warning(service.title, "its port is taken", str(error))
    return ok(service.title, "does not run; its port is free")
