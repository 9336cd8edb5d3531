"""Where a run takes place and which code it measures."""

import hashlib
import os
import platform
from pathlib import Path

from platform_assets.clock import wall_now
from platform_assets.settings import PROJECT_ROOT
from tests.bench.serving.model import BenchModel
from tests.bench.serving.process import placement
from tests.bench.serving.samples import Machine

# What decides the figures: the endpoint with all that it imports, and this benchmark's servers and load.
_MEASURED = (
    *(f"platform_assets/{part}" for part in ("contract", "inference", "online", "serving")),
    "tests/bench/serving/peers",
    "tests/bench/serving/load.lua",
    "tests/bench/serving/servers.py",
    "tests/bench/serving/wire.py",
)


def this_machine(model: BenchModel) -> Machine:
    """Return what a run's first line tells."""
    return Machine(
        began_at=wall_now().isoformat(timespec="seconds"),
        cores=len(os.sched_getaffinity(0)),
        model=model.path.parent.name,
        placement=placement(),
        python=platform.python_version(),
        code=code_digest(PROJECT_ROOT),
        load_average=os.getloadavg()[0],
    )


def code_digest(root: Path) -> str:
    """Return 12 hex digits that change with the code that is measured; figures of two codes are never mixed."""
    state = hashlib.sha256()
    for path in sorted(each for part in _MEASURED for each in _files(root / part)):
        state.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [each for each in path.rglob("*") if each.suffix in {".py", ".c", ".so"}]
