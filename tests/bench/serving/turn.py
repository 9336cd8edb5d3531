"""One turn of one server in one round: start, check an answer, warm up, measure every scenario, end."""

import hashlib
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil

from tests.bench.serving import wire
from tests.bench.serving.counts import Counts, read_counts
from tests.bench.serving.launch import Launch, launch_of
from tests.bench.serving.model import BenchModel
from tests.bench.serving.plan import MANY_ROWS, Plan, Scenario
from tests.bench.serving.process import NotStartedError, Tree, cpu_seconds, running
from tests.bench.serving.samples import Record, Sample, Started
from tests.bench.serving.servers import Server
from tests.bench.serving.venvs import python_of
from tests.bench.serving.wire import COUNTER_DIGITS, bodies, checked_body, entity_body, read_scores
from tests.bench.serving.wrk import Load, Target, load

_JSON = {"Content-Type": "application/json"}
_TOLERANCE = 1e-9


def take_turn(server: Server, plan: Plan, model: BenchModel, round_number: int) -> list[Record]:
    """Return everything that a turn measured.

    Raises NotInstalledError, NotStartedError (also for a wrong score) or LoadError; nothing of the turn counts then.
    """
    python = python_of(server, plan.work)
    log = plan.work / "logs" / f"{server.name}.log"
    with (
        launch_of(server, python, model, plan.work) as launch,
        httpx.Client(base_url=f"http://127.0.0.1:{launch.port}", timeout=30.0, trust_env=False) as client,
    ):
        start = time.perf_counter()
        with running(launch.command, launch.environment, work=plan.work, log=log, directory=launch.directory) as tree:
            tree.wait_ready(lambda: _problem(client, server, model), server.starting_s)
            ready_s = time.perf_counter() - start
            _check(client, server, model)
            turn = _Turn(server, plan, model, round_number, launch, tree, client)
            samples: list[Record] = list(turn.measure())
            usage = tree.usage()
            started = Started(
                server=server.name,
                round=round_number,
                ready_s=ready_s,
                pss_mib=usage.pss_mib,
                rss_mib=usage.rss_mib,
                processes=usage.processes,
            )
            return [*samples, started]


def body_file(server: Server, scenario: Scenario, model: BenchModel, work: Path) -> Path:
    """Return the file of a scenario's bodies, written unless it is there."""
    name = f"{server.form}-{scenario.asking}-{scenario.rows}.txt"
    # Another way of writing bodies gets other files.
    written_by = hashlib.sha256(Path(wire.__file__).read_bytes()).hexdigest()[:8]
    path = model.path.parent / f"bodies-{written_by}" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{work.name}.tmp")
        draft.write_text("\n".join(bodies(server.form, scenario.asking, scenario.rows, model)) + "\n")
        draft.replace(path)
    return path


class _Turn:
    def __init__(
        self,
        server: Server,
        plan: Plan,
        model: BenchModel,
        round_number: int,
        launch: Launch,
        tree: Tree,
        client: httpx.Client,
    ) -> None:
        self._server, self._plan, self._model, self._round = server, plan, model, round_number
        self._launch, self._tree, self._client = launch, tree, client

    def measure(self) -> Iterator[Sample]:
        """Yield a sample per scenario."""
        for scenario in self._plan.scenarios(self._server.askings):
            path = body_file(self._server, scenario, self._model, self._plan.work)
            target = Target(self._launch.port, self._server.path, path)
            if self._plan.warm_seconds:
                self._load(target, scenario, self._plan.warm_seconds)
                self._launch.tidy()
            yield self._sample(target, scenario)
            self._launch.tidy()

    def _sample(self, target: Target, scenario: Scenario) -> Sample:
        cpu_s, store_s, counts = self._tree.cpu_s(), self._store_cpu_s(), self._counts()
        told = self._load(target, scenario, self._plan.seconds)
        cpu_after, store_after, counted = self._tree.cpu_s(), self._store_cpu_s(), self._counts()
        return Sample(
            server=self._server.name,
            round=self._round,
            scenario=scenario.name,
            rows=scenario.rows,
            seconds=told.microseconds / 1e6,
            requests=told.requests,
            errors=told.wrong_status + told.broken,
            p50_ms=told.p50 / 1e3,
            p95_ms=told.p95 / 1e3,
            p99_ms=told.p99 / 1e3,
            cpu_s=cpu_after - cpu_s,
            store_cpu_s=None if store_s is None or store_after is None else store_after - store_s,
            cache_hits=None if counts is None or counted is None else counted.cache_hits - counts.cache_hits,
            fallbacks=None if counts is None or counted is None else counted.fallbacks - counts.fallbacks,
        )

    def _load(self, target: Target, scenario: Scenario, seconds: float) -> Load:
        first = random.randrange(10**COUNTER_DIGITS)  # noqa: S311 - only to begin elsewhere each time
        return load(target, connections=scenario.connections, seconds=seconds, first_count=first)

    def _store_cpu_s(self) -> float | None:
        pid = self._launch.store_pid
        return None if pid is None else cpu_seconds(psutil.Process(pid))

    def _counts(self) -> Counts | None:
        return None if self._launch.store_pid is None else read_counts(self._client.get("/metrics").text)


def _problem(client: httpx.Client, server: Server, model: BenchModel) -> str | None:
    """Return why a request with one row is not answered, None when it is."""
    try:
        answer = client.post(server.path, content=checked_body(server.form, 1, model), headers=_JSON)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    return None if answer.is_success else f"status {answer.status_code}: {answer.text[:200]}"


def _check(client: httpx.Client, server: Server, model: BenchModel) -> None:
    """Raise NotStartedError unless the scores of one row and of many, and of entities, are those of LightGBM."""
    for rows in (1, MANY_ROWS):
        wanted = [checked_body(server.form, rows, model)]
        wanted += [entity_body(rows, model)] if "entities" in server.askings else []
        for body in wanted:
            answer = client.post(server.path, content=body, headers=_JSON)
            if not answer.is_success or _distance(server, answer.json(), model, rows) > _TOLERANCE:
                message = f"a wrong answer to {rows} rows, status {answer.status_code}: {answer.text[:200]}"
                raise NotStartedError(message)


def _distance(server: Server, answer: object, model: BenchModel, rows: int) -> float:
    expected = model.scores[:rows] if server.is_scoring else model.matrix[:rows, 0]
    try:
        scores = np.array(read_scores(server.form, answer), dtype=np.float64)
    except (KeyError, IndexError, TypeError, ValueError):
        return math.inf
    return float(np.abs(scores - expected).max()) if scores.shape == expected.shape else math.inf
