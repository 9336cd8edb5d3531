"""Kills runs that publish a batch, at every durable write in turn and at random instants, and looks what is left.

A killed batch is tried again until it is done, as a scheduler does.
"""

import datetime as dt
import math
import random
import signal
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from platform_assets.commands.lake import delete, find_leftovers
from platform_assets.contract.names import last_batch_service
from platform_assets.online.connection import connect
from platform_assets.online.layout import lease_key
from tests.faults.daily_batches import DailyBatches, Told, all_told, publish
from tests.faults.published_state import State

_BEYOND_THE_END = 1.1  # so that a kill may also come just after the last write
_LOOK_EVERY_S = 0.001
_TRIES = 8  # of one batch


@dataclass
class Report:
    """What a number of kills came to."""

    points: int = 0
    at_points: int = 0
    at_instants: int = 0
    batches: int = 0
    left: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    recovery_s: list[float] = field(default_factory=list)
    cleaned: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.at_points + self.at_instants

    def __str__(self) -> str:
        """Return the figures on a few lines."""
        recovery = sorted(self.recovery_s) or [0.0]
        return (
            f"{self.kills} kills in {self.batches} batches: {self.at_points} at the points up to the "
            f"last, {self.points}, {self.at_instants} at random instants\n"
            f"left behind: {', '.join(f'{place} {n}' for place, n in self.left.most_common())}\n"
            f"reads meanwhile: {', '.join(f'{channel} {n}' for channel, n in self.reads.items())}\n"
            f"a repeat took {recovery[len(recovery) // 2]:.2f} s (median), {recovery[-1]:.2f} s (longest)\n"
            f"found and cleaned: {', '.join(f'{kind} {n}' for kind, n in self.cleaned.items())}\n"
            f"violations {len(self.violations)}: {self.violations[:5]}"
        )


@dataclass
class Campaign:
    """A number of kills of one platform, one process at work at a time, consumers reading meanwhile."""

    batches: DailyBatches
    chance: random.Random
    report: Report = field(default_factory=Report)
    acknowledged: set[str] = field(default_factory=set)
    number: int = 0
    usual_cpu_s: list[float] = field(default_factory=list)

    def run(self, kills: int, *, every: int, rounds: int) -> Report:
        """Kill at every n-th point until a batch comes to its end, then at random instants; return what came of it."""
        self.batches.prepare(self.number)
        self._finish()
        for _ in range(rounds):
            point = self.chance.randint(1, every)
            while self._kill_at_point(point):
                self.report.points = max(self.report.points, point)
                point += every
        while self.report.kills < kills:
            self._kill_at_instants(_BEYOND_THE_END * statistics.median(self.usual_cpu_s))
            sys.stdout.write(f"{self.report.kills} kills, violations {self.report.violations[:5]}\n")
        self._finish()
        self.report.batches = self.number
        self._clean()
        return self.report

    def _kill_at_point(self, point: int) -> bool:
        process, heard = self.batches.start(publish, self.batches.order(self.number), point)
        told = list(all_told(heard))
        process.join()
        was_killed = self._judge(process, told)
        self.report.at_points += was_killed
        self._finish()
        return was_killed

    def _kill_at_instants(self, longest_cpu_s: float) -> None:
        """Try one batch until it is done before it is killed, a few times at most; then it is left in peace."""
        for _ in range(_TRIES):
            process, heard = self.batches.start(publish, self.batches.order(self.number))
            due = self.chance.uniform(0.0, longest_cpu_s)
            # By its CPU time: on a busy machine, wall time would let none come far.
            while process.is_alive() and cpu_seconds(process.pid) < due:
                time.sleep(_LOOK_EVERY_S)
            process.kill()
            process.join()
            told = list(all_told(heard))
            self.report.at_instants += self._judge(process, told)
            if told and told[-1].step == "followed":
                self._next()
                return
        self._finish()

    def _finish(self) -> None:
        """Repeat the batch of now unharmed: it must come to its end, and everything be as if nobody was killed."""
        order = self.batches.order(self.number)
        began = time.monotonic()
        process, heard = self.batches.start(publish, order)
        told = list(all_told(heard))
        process.join()
        self.report.recovery_s.append(time.monotonic() - began)
        self._judge(process, told)
        self.usual_cpu_s += [float(each.detail) for each in told if each.step == "followed"]
        if told[-1].step != "followed" or State.of(order).place(order) != "done":
            self.report.violations.append(f"a repeat of batch {self.number} did not come to its end: {told[-1]}")
        self._next()

    def _next(self) -> None:
        self.number += 1
        self.batches.prepare(self.number)

    def _judge(self, process: ForkServerProcess, told: list[Told]) -> bool:
        """Compare what is left with what may be; return whether the process was killed at its work."""
        self.acknowledged |= {each.detail[:16] for each in told if each.step == "published"}
        order = self.batches.order(self.number)
        last = told[-1] if told else Told("begun")
        was_killed = process.exitcode == -signal.SIGKILL and last.step != "followed"
        state = State.of(order)
        if was_killed:
            self.report.left[state.place(order)] += 1
            self._let_the_lease_run_out()
        elif process.exitcode not in {0, -signal.SIGKILL} or last.step == "refused":
            self.report.violations.append(f"batch {self.number} ended with {process.exitcode}: {last}")
        self.report.violations += state.problems(self.acknowledged)
        return was_killed

    def _let_the_lease_run_out(self) -> None:
        # What fifteen seconds of waiting after the death of a writer would do.
        with connect(self.batches.home.settings.online_url) as client:
            client.delete(lease_key(last_batch_service(self.batches.home.product.name)))

    def _clean(self) -> None:
        """Delete what killed writers left, as `platform lake clean --apply` does; nothing of it may stay."""
        settings, order = self.batches.home.settings, self.batches.order(self.number)
        before, later = State.of(order).committed, dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
        for leftover in find_leftovers(settings, None, now=later, older_than=dt.timedelta(days=1)):
            self.report.cleaned[leftover.kind] += 1
            delete(leftover.path)
        if left := find_leftovers(settings, None, now=later, older_than=dt.timedelta(days=1)):
            self.report.violations.append(f"cleaning left {left}")
        if State.of(order).committed != before:
            self.report.violations.append("cleaning took a batch")


def cpu_seconds(pid: int | None) -> float:
    """Return the CPU time that the first thread of a process has had; endless once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return math.inf
