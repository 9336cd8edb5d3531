"""Scores one batch in a process of its own and says what it took: `python -m ...one_batch HOME PRODUCT`."""

import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from platform_assets.batch.flow import release_to_score, run_batch
from platform_assets.batch.publication import BatchRun
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.bench.scale.copied_home import AS_OF

_KIB_PER_MIB = 1024.0


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch took, and what it came to; seconds of the wall and of the processor."""

    rows: int
    seconds: float
    cpu_seconds: float
    steps: dict[str, float]
    idle_mib: float
    peak_mib: float
    digest: str
    refused_by: list[str]


class _Steps(logging.Handler):
    """Notes when each step ended."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        name = record.getMessage().split(", ")[1].split(":")[0]
        self.at[name] = time.perf_counter()


def peak_mib() -> float:
    """Return the most memory that this process has had, as the kernel counts it."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / _KIB_PER_MIB


def take(settings: Settings, name: str) -> Took:
    """Score and publish a batch."""
    import deltalake  # noqa: F401, PLC0415 - what they take by themselves is no part of the growth
    import duckdb  # noqa: F401, PLC0415
    import pyarrow.dataset  # noqa: F401, PLC0415

    product = next(product for product in discover_products() if product.name == name)
    live = read_live(settings.releases_dir, name)
    assert live is not None
    version = read_release(settings.releases_dir, name, live.release_id).model_version
    facts = RunFacts(run_id="bench", at=AS_OF, code_version="bench")
    run = BatchRun(product, AS_OF, release_to_score(settings, product, version), facts)
    steps = _Steps()
    logging.getLogger("platform.batch").addHandler(steps)
    logging.getLogger("platform.batch").setLevel(logging.INFO)
    idle, started, cpu = peak_mib(), time.perf_counter(), time.process_time()
    outcome = run_batch(settings, open_ledger(settings.ledger_dsn), run)
    seconds, ends = time.perf_counter() - started, [started, *steps.at.values()]
    return Took(
        rows=outcome.rows,
        seconds=seconds,
        cpu_seconds=time.process_time() - cpu,
        steps={step: end - before for step, before, end in zip(steps.at, ends, ends[1:], strict=False)},
        idle_mib=idle,
        peak_mib=peak_mib(),
        digest=outcome.published.record.digest if outcome.published else "",
        refused_by=[result.guardrail for result in outcome.guardrails if not result.is_passed],
    )


if __name__ == "__main__":
    home = replace(Settings.from_environment(), home=Path(sys.argv[1]), ledger_url=None, fsync=False)
    sys.stdout.write(msgspec.json.encode(take(home, sys.argv[2])).decode())
