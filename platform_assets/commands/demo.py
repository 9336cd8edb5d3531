"""`platform demo`: everything once, on real data: from raw files to a served, traceable prediction."""

import fcntl
import resource
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import msgspec

from platform_assets.commands.demo_record import DemoRecord, keep_record, read_record
from platform_assets.commands.terminal import JsonFlag, say, show
from platform_assets.contract.product import Product
from platform_assets.errors import DemoRunningError
from platform_assets.processes.control import Report, start_all
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

STAGES = (
    "fetch raw files, build staging models",
    "build the history of the feature views",
    "train, evaluate and release",
    "score and publish the batches",
    "publish online snapshots, deploy releases",
    "predict over HTTP",
    "drain the prediction log",
)
_KIB_PER_MIB = 1024


def demo(*, as_json: JsonFlag = False) -> None:
    """Fetch the data, build and train everything through Dagster, serve it, predict over HTTP and trace."""
    from platform_assets.commands.demo_report import gather_report, render_report

    settings, products = Settings.from_environment(), discover_products()
    record, is_new = run_demo(settings, products)
    report = gather_report(settings, products, record, is_new=is_new)
    show(report, as_json=as_json, render=lambda: render_report(report))


def run_demo(settings: Settings, products: Sequence[Product]) -> tuple[DemoRecord, bool]:
    """Run the stages that have not finished for this code and data; return the record and whether any ran."""
    record = read_record(settings)
    missing = [title for title in STAGES if title not in record.stage_seconds]
    if not missing:
        say("nothing to do: the demo has already run for this code and this data")
        start_all(settings, only=("online_store", "endpoint"), report=say)
        return record, False
    if record.stage_seconds:
        say(f"going on after {len(record.stage_seconds)} finished stages")
    with _alone(settings):
        return _run_stages(settings, products, record, missing), True


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the demo's lock; the kernel frees it when its holder dies. Raises DemoRunningError."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunningError(home=str(settings.home)) from None
        yield


def _run_stages(
    settings: Settings, products: Sequence[Product], record: DemoRecord, missing: Sequence[str]
) -> DemoRecord:
    # The stack is locked and tested as it is; its notices of beta features are for whoever upgrades it.
    warnings.simplefilter("ignore")
    from platform_assets.commands.demo_stages import RUNNERS, open_demo

    settings.logs_dir.mkdir(parents=True, exist_ok=True)
    started, say = time.monotonic(), _sayer()
    # What dbt, MLflow and Dagster have to say goes to the log; the terminal shows the progress.
    with (settings.logs_dir / "demo.log").open("a") as log, redirect_stdout(log), redirect_stderr(log):
        platform = open_demo(settings, products, record.prediction_ids)
        for title in missing:
            say(f"[{STAGES.index(title) + 1}/{len(STAGES)}] {title}")
            RUNNERS[title](platform, lambda line: say(f"      {line}"))
            seconds, started = time.monotonic() - started, time.monotonic()
            say(f"      done in {seconds:.1f} s")
            record = msgspec.structs.replace(
                record,
                stage_seconds={**record.stage_seconds, title: seconds},
                prediction_ids=tuple(platform.prediction_ids),
                peak_memory_mib=max(record.peak_memory_mib, _peak_memory_mib()),
            )
            keep_record(settings, record)
    return record


def _sayer() -> Report:
    """Return what prints a line on the present stderr, wherever stderr goes later."""
    terminal = sys.stderr
    return lambda line: print(line, file=terminal, flush=True)


def _peak_memory_mib() -> float:
    """Return the largest resident memory so far, of this process or of one that it ran (dbt)."""
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(own, children) / _KIB_PER_MIB
