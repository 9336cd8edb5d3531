"""The whole run: rounds in which every server has one turn, kept on disk so that a stopped run goes on."""

import subprocess
from collections.abc import Callable

import httpx
import psutil

from platform_assets.errors import PlatformError
from tests.bench.serving.machine import this_machine
from tests.bench.serving.model import BenchModel
from tests.bench.serving.plan import Plan
from tests.bench.serving.process import NotStartedError, end, marked
from tests.bench.serving.reads import measure_reads
from tests.bench.serving.samples import Absent, Results
from tests.bench.serving.servers import OURS, Server
from tests.bench.serving.turn import take_turn
from tests.bench.serving.venvs import NotInstalledError, python_of
from tests.bench.serving.wrk import LoadError

Tell = Callable[[str], None]
READER = "online reader"
# What a server, the store or the load may do without ending the run: the turn is told as not measured.
_FAILURES = (
    NotInstalledError,
    NotStartedError,
    LoadError,
    PlatformError,
    httpx.HTTPError,
    psutil.Error,
    subprocess.TimeoutExpired,
    LookupError,
    OSError,
)


def run_rounds(plan: Plan, servers: list[Server], model: BenchModel, tell: Tell) -> Results:
    """Return the results after every server had its turn in every round, or a reason why not.

    One server runs at a time, because several of the peers use the processor while they are idle.
    """
    end(marked(plan.work))  # what a killed run left would disturb
    results = Results(plan.results_path)
    machine = this_machine(model)
    if results.machine is not None and results.machine.code != machine.code:
        tell("the code has changed since these results: they are measured again")
        results.restart()
    if results.machine is None:
        results.add([machine])
    _install(plan, servers, tell)
    by_name = {server.name: server for server in servers}
    for number in range(plan.rounds):
        for name in plan.order(list(by_name), number):
            if not results.is_done(name, number):
                _turn(results, by_name[name], plan, model, number, tell)
        if OURS in by_name and not results.has_reads(number):
            _read(results, plan, model, number, tell)
    return results


def _install(plan: Plan, servers: list[Server], tell: Tell) -> None:
    for server in servers:
        try:
            python_of(server, plan.work)
        except NotInstalledError:
            tell(f"{server.name}: its environment could not be made")  # its turn tells the reason


def _turn(results: Results, server: Server, plan: Plan, model: BenchModel, number: int, tell: Tell) -> None:
    tell(f"round {number + 1}: {server.title}")
    try:
        results.add(take_turn(server, plan, model, number))
    except _FAILURES as error:
        tell(f"  not measured: {error}")
        results.add([Absent(server=server.name, round=number, reason=f"{type(error).__name__}: {error}")])


def _read(results: Results, plan: Plan, model: BenchModel, number: int, tell: Tell) -> None:
    tell(f"round {number + 1}: the online reader")
    try:
        results.add(list(measure_reads(plan.work, model, seconds=plan.seconds, round_number=number)))
    except _FAILURES as error:
        tell(f"  not measured: {error}")
        results.add([Absent(server=READER, round=number, reason=f"{type(error).__name__}: {error}")])
