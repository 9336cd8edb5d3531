"""Labels within a time: a process of its own reads the lake and is killed when it takes too long.

`python -m platform_assets.monitoring.rollout_label_process` is that process: what is asked comes in, labels go out.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from platform_assets.errors import PlatformError
from platform_assets.monitoring.rollout_labels import StepAsked, StepLabels, read_labels
from platform_assets.settings import PROJECT_ROOT


def labels_within(asked: StepAsked, seconds: float) -> StepLabels:
    """Return the labels of a step; none, with the reason, where the lake does not tell them in that many seconds."""
    command = [sys.executable, "-m", __name__]
    order = msgspec.json.encode(asked, enc_hook=str)  # a path
    try:
        done = subprocess.run(command, input=order, capture_output=True, timeout=seconds, check=False, cwd=PROJECT_ROOT)
    except subprocess.TimeoutExpired:
        return StepLabels(told=f"the lake did not tell any within {seconds:g} seconds")
    except OSError as error:
        return StepLabels(told=f"no process can be started that reads the lake: {error}")
    try:
        return msgspec.json.decode(done.stdout, type=StepLabels)
    except msgspec.DecodeError:
        reason = _error_in(done.stderr.decode(errors="replace")) or f"its reader ended with {done.returncode}"
        return StepLabels(told=f"the lake cannot be read: {reason}")


def main() -> int:
    """Answer what is asked on standard input; what nobody foresaw ends the process with its traceback."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=StepAsked, dec_hook=_path)
    try:
        labels = read_labels(asked)
    except PlatformError as error:
        labels = StepLabels(told=f"the lake cannot be read: {error}")
    sys.stdout.buffer.write(msgspec.json.encode(labels))
    return 0


def _error_in(told: str) -> str | None:
    """Return the line of a traceback that names the error: what follows it may be lines of the error's own text."""
    lines = told.rpartition("Traceback (most recent call last):\n")[2].splitlines()
    return next((line for line in lines if not line.startswith(" ")), None)


def _path(_: type, told: Any) -> Path:  # noqa: ANN401 - msgspec's own signature
    return Path(told)


if __name__ == "__main__":
    sys.exit(main())
