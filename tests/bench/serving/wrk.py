"""The load generator: wrk with one thread, bounded in time, on 127.0.0.1 only."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.bench.serving.process import LOAD_CORE, pinned
from tests.bench.serving.wire import MARK

SCRIPT = Path(__file__).with_name("load.lua")
MISSING = "wrk is not installed: `apt-get install wrk` (Debian, Ubuntu) or `brew install wrk`, then run this again."
_GRACE_SECONDS = 30.0


class LoadError(Exception):
    """wrk did not finish; the reason is in the message."""


class Load(msgspec.Struct, frozen=True):
    """What wrk saw: counts, the measured time, and latency percentiles in microseconds."""

    requests: int
    microseconds: int
    wrong_status: int
    broken: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes and which file holds its bodies."""

    port: int
    path: str
    bodies: Path


def find_wrk() -> str | None:
    """Return the program, None when it is missing."""
    return shutil.which("wrk")


def load(target: Target, *, connections: int, seconds: float, first_count: int) -> Load:
    """Ask for some seconds and return what came; raises LoadError."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", str(SCRIPT)]
    arguments = [str(target.bodies), target.path, MARK, str(first_count)]
    url = f"http://127.0.0.1:{target.port}"
    try:
        done = subprocess.run(
            pinned([*command, url, "--", *arguments], LOAD_CORE),
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + _GRACE_SECONDS,
        )
        return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Load)
    except subprocess.SubprocessError as error:
        message = f"wrk failed: {error} {getattr(error, 'stderr', '') or ''}"
        raise LoadError(message) from error
    except (IndexError, msgspec.DecodeError) as error:
        message = f"wrk told nothing that can be read: {done.stdout[-200:]!r}"
        raise LoadError(message) from error
