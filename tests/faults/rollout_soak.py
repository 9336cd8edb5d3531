"""Promotions and rollbacks one after the other under steady load on one endpoint process, each answer checked.

`python -m tests.faults.rollout_soak TURNS`, or `make soak-rollouts TURNS=1000`. It fails when a request is dropped, and
when an answer is not what the release, the bundle, the schema and the snapshot that it names compute to the last bit.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from platform_assets.clock import wall_now
from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.ledger.decisions import Mandate
from platform_assets.online.connection import connect
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.orchestration.endpoint_follow import crew_of
from platform_assets.registry.rollback import Crew, roll_back
from platform_assets.registry.rollback_target import Destination
from platform_assets.registry.snapshot_return import put_back
from platform_assets.rollouts import moves
from platform_assets.rollouts.moves import Pointers, Word
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.faults.answer_check import AnswerCheck, Known
from tests.integration.endpoint_servers import Served, served
from tests.integration.http_load import Load, Outcome
from tests.integration.two_releases import PRODUCT, TwoReleases, train_two, with_snapshots
from tests.unit.batch.batch_home import facts

SEED = int(os.environ.get("PLATFORM_FAULT_SEED", "20111209"))
CUSTOMERS = tuple(str(number) for number in range(13_000, 13_020))
VALUES = {"first": 1.0, "second": 2.0}
PLAN = RolloutPlan(
    own_steps=(
        Step(name="shadow", share=0.0, hours=0.0),
        Step(name="half", share=0.5, hours=0.0),
        Step(name="all", share=1.0, hours=0.0),
    )
)
AT_ONCE = RolloutPlan(strategy="instant")
MOST_DEGRADED = 0.05


@dataclass
class Report:
    """What was done and what callers saw; `rollback_s` has the seconds until the endpoint answered by the old state."""

    check: AnswerCheck
    turns: Counter[str] = field(default_factory=Counter)
    outcome: Outcome = field(default_factory=Outcome)
    rollback_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def problems(self) -> list[str]:
        """Return what is wrong; empty when no request was dropped and no answer is mixed."""
        check, statuses = self.check, self.outcome.statuses
        found = {
            f"{self.outcome.broken} connections broke": self.outcome.broken,
            f"answers with other statuses than 200: {dict(statuses)}": set(statuses) != {200},
            f"{check.lost()} answers are not in the log": check.lost(),
            f"{len(check.wrong)} answers disagree: {check.wrong[:3]}": check.wrong,
            f"{check.degraded.total()} of {check.checked} rows without the store": (
                check.degraded.total() > MOST_DEGRADED * check.checked
            ),
            f"only {sorted(check.combinations)} answered": len({each[0] for each in check.combinations}) < 2,
        }
        return [problem for problem, is_so in found.items() if is_so]

    @property
    def dropped(self) -> int:
        """How many requests were not answered with a score."""
        return self.outcome.statuses.total() - self.outcome.statuses[200] + self.outcome.broken

    def __str__(self) -> str:
        """Return the figures for people."""
        check, ordered = self.check, sorted(self.rollback_s)
        combinations = {f"v{version} {snapshot}": n for (version, snapshot), n in sorted(check.combinations.items())}
        return (
            f"seed {SEED}: {self.turns['promoted']} promotions, {self.turns['rolled back']} rollbacks of everything, "
            f"{self.turns['ended']} ended rollouts in {self.seconds:.0f} s under load; {self.outcome.statuses[200]} "
            f"requests answered, {self.dropped} dropped; {check.checked} rows checked, {len(check.wrong)} disagree, "
            f"{check.lost()} not in the log, {check.degraded.total()} without the store; "
            f"rows by version and snapshot: {combinations}; "
            f"p50 {1000 * self.outcome.quantile(0.5):.1f} ms, p99 {1000 * self.outcome.quantile(0.99):.1f} ms; "
            f"a rollback reached the endpoint after {1000 * statistics.median(ordered):.0f} ms (median), "
            f"{1000 * ordered[int(0.99 * (len(ordered) - 1))]:.0f} ms (p99), {1000 * ordered[-1]:.0f} ms (longest)"
        )


@dataclass
class Mover:
    """Promotes the second release and goes back to the first, in the ways that there are."""

    home: TwoReleases
    endpoint: Served
    crew: Crew
    chance: random.Random
    report: Report

    def turn(self) -> None:
        """Promote, mostly step by step, and go back to where it began: the rollout ends, or everything is rolled back.

        Where nobody tells the endpoint of a move, it finds it by itself or meets the next one.
        """
        pointers = Pointers(releases_dir=self.home.settings.releases_dir, fsync=False)
        plan = self.chance.choice((PLAN, PLAN, AT_ONCE))
        live = moves.begin(pointers, PRODUCT, release_id=self.home.second.release_id, plan=plan, word=self._word())
        self._tell()
        while live.rollout is not None:
            rollout_id, step = live.rollout.rollout_id, live.rollout.step_name
            if self.chance.random() < 0.15:
                moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=self._word())
                self.report.turns["ended"] += 1
                self._tell()
                return
            move = moves.complete if live.rollout.share == 1.0 else moves.advance
            live = move(pointers, PRODUCT, rollout_id=rollout_id, from_step=step, word=self._word())
            self._tell()
        self._put_back("second")
        self.report.turns["promoted"] += 1
        wish = Destination(product=PRODUCT, release_id=self.home.first.release_id)
        mandate = Mandate(by="soak", at=wall_now(), reason="a rehearsal")
        done = roll_back(self.home.settings, self.home.ledger, wish, mandate, self.crew)
        assert done.endpoint_s is not None
        self.report.rollback_s.append(done.endpoint_s)
        self.report.turns["rolled back"] += 1

    def _tell(self) -> None:
        if self.chance.random() < 0.7:
            httpx.post(f"{self.endpoint.url}/v1/products/{PRODUCT}/reload", timeout=30.0).raise_for_status()
        time.sleep(self.chance.uniform(0.0, 0.03))

    def _put_back(self, snapshot_id: str) -> None:
        with connect(self.home.settings.online_url) as store:
            put_back(store, self.home.settings, self.home.first.feature_service, snapshot_id)

    def _word(self) -> Word:
        return Word(by="soak", at=wall_now(), reason="a rehearsal")


def soak(trained: TwoReleases, settings: Settings, turns: int) -> Report:
    """Run an endpoint over a copy of a trained home, and so many promotions and rollbacks; return what was seen."""
    home = with_snapshots(trained, settings, customers=CUSTOMERS)
    known = Known.of(settings.home, (home.first, home.second), VALUES)
    report = Report(check=AnswerCheck(known))
    with served(settings, settings.home / "endpoint.log") as endpoint:
        crew = crew_of(replace(settings, endpoint_port=endpoint.port), facts(), tell=lambda _: None)
        mover = Mover(home, endpoint, crew, random.Random(SEED), report)  # noqa: S311 - chooses ways, no secret
        _begin_with_the_first(mover)
        started = time.monotonic()
        with loaded(endpoint, report):
            while report.turns.total() < turns:
                mover.turn()
                report.check.read_log(settings)
        report.seconds = time.monotonic() - started
    report.check.read_log(settings)
    return report


def _begin_with_the_first(mover: Mover) -> None:
    wish = Destination(product=PRODUCT, release_id=mover.home.first.release_id)
    mandate = Mandate(by="soak", at=wall_now(), reason="the beginning")
    roll_back(mover.home.settings, mover.home.ledger, wish, mandate, mover.crew)


@contextmanager
def loaded(endpoint: Served, report: Report) -> Iterator[None]:
    """Keep callers calling until the block ends; wait for their last answers."""
    check, ended = report.check, threading.Event()
    bodies = [{"product": PRODUCT, "entities": list(CUSTOMERS[:count])} for count in (1, 3, 10)]
    bodies += [{"product": PRODUCT, "entities": [customer]} for customer in CUSTOMERS[1:4]]

    def keep(status: int, body: bytes) -> None:
        if status == 200:
            check.answered(json.loads(body)["predictions"])

    async def send(load: Load) -> None:
        while not ended.is_set():
            part = await load.run(0.5)
            report.outcome.statuses.update(part.statuses)
            report.outcome.seconds += part.seconds
            report.outcome.broken += part.broken

    async def send_all() -> None:
        loads = [Load(endpoint.port, json.dumps(body).encode(), 1, keep, pause_s=0.02) for body in bodies]
        await asyncio.gather(*(send(load) for load in loads))

    sender = threading.Thread(target=lambda: asyncio.run(send_all()))
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join(timeout=60)


def main(turns: int) -> None:
    """Soak, tell the figures and end with an error when something is wrong."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(home=Path(directory) / "home", redis_port=free_port(), fsync=False)
        trained = train_two(Path(directory) / "trained")
        start_embedded(settings, die_with_parent=True)
        try:
            report = soak(trained, settings, turns)
        finally:
            stop_embedded(settings)
    sys.stdout.write(f"{report}\n")
    if report.problems():
        sys.exit("\n".join(report.problems()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
