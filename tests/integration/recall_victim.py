"""Recalls made to be killed: for each step that stdin names, one that kills itself at the beginning of that step.

Run as `python recall_victim.py <home> <online url> <thing>`; each line of stdout is how one of them ended. All are
forked from a process that has imported everything and used nothing.
"""

import datetime as dt
import importlib
import os
import signal
import sys
from pathlib import Path

from platform_assets.audit.subjects import find_subject
from platform_assets.commands.recall_steps import Recaller, RecallStep, recall
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step
from platform_assets.settings import Settings
from tests.unit.registry.registry_home import small_product


def main(home: str, online_url: str, thing: str) -> None:
    """Let a process of its own recall for each line, and tell how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            attempt(home, online_url, thing, line.strip())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - what the test reads


def attempt(home: str, online_url: str, thing: str, fatal: str) -> None:
    """Recall, and end like a process that ran out of luck at one step, also one of the rollback inside."""

    def die_at(step: RecallStep | Step) -> None:
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(home=Path(home), redis_url=online_url, fsync=False)
    at, product = dt.datetime.now(dt.UTC), small_product()
    run = RunFacts(run_id="victim", at=at, code_version="c" * 16)
    crew = Crew(follow=lambda _: EndpointFollowed("silent"), run_id="victim", code_version="c" * 16, tell=die_at)
    mandate = Mandate(by="victim", at=at, reason="its labels were wrong")
    ledger = open_ledger(settings.ledger_dsn)
    done = recall(
        Recaller(settings, ledger, {product.name: product}, mandate, run, crew, die_at), find_subject(ledger, thing)
    )
    if done.problems:
        raise SystemExit("; ".join(done.problems))


if __name__ == "__main__":
    for heavy in ("mlflow", "deltalake", "pyarrow.parquet", "pyarrow.dataset", "lightgbm"):
        importlib.import_module(heavy)
    main(*sys.argv[1:])
