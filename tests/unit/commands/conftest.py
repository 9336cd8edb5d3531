"""A command line with a home of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from platform_assets.cli import run
from tests.conftest import free_port


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


CommandLine = Callable[..., Ended]


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """Return a function that runs one command in a platform where nothing runs."""
    for name in ("REDIS_URL", "MLFLOW_TRACKING_URI", "PLATFORM_LEDGER_URL", "PLATFORM_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    for service in ("REDIS", "ENDPOINT", "DAGSTER", "MLFLOW"):
        monkeypatch.setenv(f"PLATFORM_{service}_PORT", str(free_port()))
    monkeypatch.setenv("PLATFORM_HOME", str(tmp_path))

    def call(*arguments: str) -> Ended:
        code = run(list(arguments))
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return call
