"""The same batch asked for by ten processes at the same moment, as schedulers do that do not know of each other."""

import datetime as dt
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from platform_assets.lakehouse.orphans import find_orphans
from tests.faults.daily_batches import DailyBatches, Order, Told, all_told, nursery, publish_at_once
from tests.faults.published_state import State

WAYS = 10


@dataclass
class StormReport:
    """What a number of storms came to; `reads` is filled in by who let consumers read meanwhile."""

    storms: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures on a few lines."""
        answers = ", ".join(f"{what} {n}" for what, n in self.answers.items())
        return (
            f"{self.storms} storms of {WAYS} processes: {answers}\n"
            f"reads meanwhile: {', '.join(f'{channel} {n}' for channel, n in self.reads.items())}\n"
            f"violations {len(self.violations)}: {self.violations[:5]}"
        )


def storm(batches: DailyBatches, count: int) -> StormReport:
    """Publish that many batches, each by ten processes at once, and look what is there after each."""
    report = StormReport()
    for number in range(count):
        order, gate = batches.prepare(number), nursery().Barrier(WAYS)
        started = [batches.start(publish_at_once, order, gate) for _ in range(WAYS)]
        answers = [list(all_told(heard)) for _, heard in started]
        for process, _ in started:
            process.join()
        codes = [process.exitcode for process, _ in started]
        report.storms += 1
        report.answers.update(_answer(told) for told in answers)
        report.violations += _problems(order, answers, codes)
        sys.stdout.write(f"{report.storms} storms, violations {report.violations[:5]}\n")
    return report


def _answer(told: list[Told]) -> str:
    if told[-1].step != "followed":
        return told[-1].detail.partition(":")[0] or "died"
    return "wrote it" if told[1].is_new else "found it written"


def _problems(order: Order, answers: list[list[Told]], codes: list[int | None]) -> Iterator[str]:
    state = State.of(order)
    digests = {told[1].detail[:16] for told in answers if len(told) > 1 and told[1].step == "published"}
    yield from state.problems(digests)
    outcomes = Counter(map(_answer, answers))
    if outcomes != {"wrote it": 1, "found it written": WAYS - 1} or len(digests) != 1 or set(codes) != {0}:
        yield f"storm {order.number} ended with {outcomes}, {codes}"
    if state.place(order) != "done" or len(state.recorded) != order.number + 1:
        yield f"storm {order.number} left {state.place(order)}, {len(state.recorded)} publications"
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    table = order.settings.predictions_dir / order.product.name
    if orphans := find_orphans(table, now=later, older_than=dt.timedelta(days=1)):
        yield f"storm {order.number} left {len(orphans)} orphans"
