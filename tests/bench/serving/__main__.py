"""`python -m tests.bench.serving`: measure what is missing, then write the report from all that is known."""

import argparse
import sys
import time
from pathlib import Path

from platform_assets.settings import PROJECT_ROOT
from tests.bench.serving.figures import Figures
from tests.bench.serving.model import bench_model
from tests.bench.serving.plan import Plan
from tests.bench.serving.plot import draw
from tests.bench.serving.report import report, write_section
from tests.bench.serving.rounds import run_rounds
from tests.bench.serving.servers import chosen
from tests.bench.serving.wrk import MISSING, find_wrk

DOCUMENT = PROJECT_ROOT / "docs" / "benchmarks" / "serving.md"
_STARTED = time.monotonic()


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 when the report was written, 2 when something is missing here."""
    asked = _parser().parse_args(arguments)
    plan = _plan(asked)
    try:
        servers = chosen(plan.servers)
    except ValueError as error:
        _tell(str(error))
        return 2
    if find_wrk() is None:
        _tell(MISSING)
        return 2
    if asked.fresh:
        plan.results_path.unlink(missing_ok=True)
    _tell(f"results: {plan.results_path}")
    model = bench_model(plan.work)
    figures = Figures(run_rounds(plan, servers, model, _tell))
    _publish(figures, plan)
    return 0


def _publish(figures: Figures, plan: Plan) -> None:
    """Write the report: into the documents for a run over all servers, beside the results for a part of them."""
    text = report(figures, plan)
    connections = 16 if 16 in plan.connections else plan.connections[-1]
    if plan.servers:
        path = plan.results_path.with_suffix(".md")
        path.write_text(text)
        _tell(f"report: {path}")
        return
    write_section(DOCUMENT, text)
    note = "A quick run: no result." if plan.is_quick else ""
    draw(figures, DOCUMENT.with_suffix(".png"), connections=connections, note=note)
    _tell(f"report: {DOCUMENT}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.serving", description=__doc__)
    default = PROJECT_ROOT / ".platform" / "bench"
    parser.add_argument("--work", type=Path, default=default, help="environments, model, results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each scenario; whole seconds")
    parser.add_argument("--quick", action="store_true", help="one round of one second: proves that all works")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run measured")
    parser.add_argument("--only", default="", help="servers, separated by commas; the report is not a document then")
    return parser


def _plan(asked: argparse.Namespace) -> Plan:
    work = Path(asked.work).resolve()
    servers = tuple(name for name in str(asked.only).replace(",", " ").split() if name)
    if asked.quick:
        return Plan(work=work, rounds=1, seconds=1.0, servers=servers, is_quick=True)
    return Plan(work=work, rounds=max(1, asked.rounds), seconds=max(1.0, asked.seconds), servers=servers)


def _tell(text: str) -> None:
    print(f"[{time.monotonic() - _STARTED:6.0f} s] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
