"""The environments of the peers: one each, made by name and pinned version, reused when nothing changed."""

import subprocess
import sys
from pathlib import Path

from tests.bench.serving.servers import Server

_INSTALL_SECONDS = 1800
_TAIL = 300


class NotInstalledError(Exception):
    """A peer's environment could not be made; the reason is in the message."""


def python_of(server: Server, work: Path) -> Path:
    """Return the interpreter of a server; a peer's environment is made first. Raises NotInstalledError."""
    if server.venv is None:
        return Path(sys.executable)
    home = work / "venvs" / server.venv
    stamp = home / ".installed"
    wanted = "\n".join(server.requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        _install(home, server.requirements)
        stamp.write_text(wanted)
    return home / "bin" / "python"


def _install(home: Path, requirements: tuple[str, ...]) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    log = home.with_suffix(".log")
    python = str(home / "bin" / "python")
    # The project's own pip installs into it, so that a peer's environment holds nothing that it did not ask for.
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(home)], log)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-input", "--disable-pip-version-check"]
    _run([*pip, *requirements], log)


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as output:
        try:
            subprocess.run(command, stdout=output, stderr=output, check=True, timeout=_INSTALL_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            tail = log.read_text(errors="replace")[-_TAIL:].strip().replace("\n", " ")
            message = f"not installed ({type(error).__name__}): {tail}"
            raise NotInstalledError(message) from error
