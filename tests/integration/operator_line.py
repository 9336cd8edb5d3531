"""The command line as an operator uses it: a real process with the settings of a test."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from platform_assets.settings import PROJECT_ROOT, Settings


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def told(self) -> Any:  # noqa: ANN401 - any JSON document
        """Return the one JSON document on stdout."""
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """Return the code of the error that was told as JSON."""
        assert self.code == 1, self.stdout + self.stderr
        code: str = self.told["error"]["code"]
        return code


@dataclass(frozen=True)
class OperatorLine:
    """Runs `platform` in a home; `endpoint_port` is where its endpoint listens, if one does."""

    settings: Settings
    endpoint_port: int

    def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        return Ended(process.returncode, stdout, stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and do not wait."""
        environment = {
            **os.environ,
            "PLATFORM_HOME": str(self.settings.home),
            "PLATFORM_ENDPOINT_PORT": str(self.endpoint_port),
            "PLATFORM_FSYNC": "off",
            "PLATFORM_ACTOR": "ann",
            "REDIS_URL": self.settings.online_url,
        }
        command = [sys.executable, "-m", "platform_assets.cli", *arguments]
        return subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
