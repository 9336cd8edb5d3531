"""A long run of one endpoint process under steady load, while releases are swapped and the store goes and comes.

`python -m tests.faults.soak_endpoint SECONDS`, or `make soak SECONDS=600`. It fails when an answer is lost or mixed,
and when memory or open files still grow in the second half of the run.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import psutil
import redis

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import decode_entry
from platform_assets.online.connection import connect
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.online.stream import read_batch, take_over, trim
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.endpoint_servers import Served, served
from tests.integration.http_load import Load, Outcome
from tests.unit.serving.conftest import AS_OF, Publisher, feature_layout, product_named

MIB = 1024 * 1024
PRODUCT = "churn"
SCORES = (0.25, 0.75)
KEYS = [str(number) for number in range(10_000, 12_000)]
SWAP_EVERY_S, OUTAGE_EVERY_S, OUTAGE_S, SAMPLE_EVERY_S = 2.0, 20.0, 3.0, 0.5
# Flat means: over the second half, by a slope that single peaks do not move, at most this much is added. A process that
# leaked the answers it gives would add hundreds of MiB in ten minutes; an allocator still settles by one or two.
ALLOWED_MIB, ALLOWED_MIB_PER_MINUTE = 3.0, 0.3
# While the prediction cache fills, memory grows by design: a shorter run is held to the promised ceiling alone.
GROWTH_JUDGED_FROM_S, CEILING_MIB = 120.0, 120.0
ALLOWED_FILES = 4.0


@dataclass
class Report:
    """What a soak has seen; `memory` and `files` are sampled over the whole run, bytes and descriptors."""

    seconds: float
    outcome: Outcome = field(default_factory=Outcome)
    ids: set[str] = field(default_factory=set)
    mixed: int = 0
    fallbacks: int = 0
    lost: int = 0
    swaps: int = 0
    outages: int = 0
    times: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)

    @property
    def memory_growth_mib(self) -> float:
        """Growth over the second half of the run, by its robust slope."""
        return growth(self.times, self.memory) / MIB

    @property
    def files_growth(self) -> float:
        """Growth over the second half of the run, by its robust slope."""
        return growth(self.times, self.files)

    def tenths(self) -> list[float]:
        """Return the median memory in MiB of each tenth of the run, of fewer parts where there are too few samples."""
        return [statistics.median(part) / MIB for part in np.array_split(self.memory, 10) if len(part)]

    def problems(self) -> list[str]:
        """Return what is wrong; empty for an endpoint that lasts."""
        statuses = self.outcome.statuses
        allowed_mib = ALLOWED_MIB + ALLOWED_MIB_PER_MINUTE * self.seconds / 2 / 60
        found = {
            f"{self.outcome.broken} connections broke": self.outcome.broken,
            f"answers with other statuses than 200 and 503: {dict(statuses)}": set(statuses) - {200, 503},
            f"{self.lost} answers are not in the log": self.lost,
            f"{self.mixed} answers mix two releases": self.mixed,
            f"memory grew by {self.memory_growth_mib:.1f} MiB, {allowed_mib:.1f} are allowed": (
                self.seconds >= GROWTH_JUDGED_FROM_S and self.memory_growth_mib > allowed_mib
            ),
            f"memory reached {max(self.memory) / MIB:.1f} MiB, {CEILING_MIB:g} are promised": (
                max(self.memory) > CEILING_MIB * MIB
            ),
            f"open files grew by {self.files_growth:.1f}": self.files_growth > ALLOWED_FILES,
            "nothing was answered": not self.ids,
        }
        return [problem for problem, is_so in found.items() if is_so]

    def __str__(self) -> str:
        """Return the figures for people."""
        return (
            f"{self.seconds:g} s: {dict(self.outcome.statuses)} by status, {len(self.ids)} rows answered, "
            f"{self.lost} of them not in the log, {self.fallbacks} by fallback, {self.swaps} releases swapped, "
            f"{self.outages} times without the store; p50 {1000 * self.outcome.quantile(0.5):.1f} ms, p99 "
            f"{1000 * self.outcome.quantile(0.99):.1f} ms; memory by tenths of the run "
            f"{', '.join(f'{mib:.1f}' for mib in self.tenths())} MiB, {max(self.memory) / MIB:.1f} at most, "
            f"{self.memory_growth_mib:+.2f} in the second half; files {self.files[0]:g} at first, {self.files[-1]:g} "
            f"at last, {self.files_growth:+.1f} in the second half"
        )


def growth(times: list[float], values: list[float]) -> float:
    """Return what the second half added: the median slope over all pairs of samples, times its length."""
    half = len(times) // 2
    late, seen = times[half:], values[half:]
    slopes = [
        (seen[b] - seen[a]) / (late[b] - late[a]) for a, b in combinations(range(0, len(late), 1 + len(late) // 400), 2)
    ]
    return statistics.median(slopes) * (late[-1] - late[0])


def soak(home: Path, seconds: float) -> Report:
    """Run an endpoint and a store of its own for so long, and return what was seen."""
    settings = Settings(home=home, redis_port=free_port(), fsync=False)
    releases = [
        Publisher(home).publish(PRODUCT, model_version=n, constant=c).release_id for n, c in enumerate(SCORES, 1)
    ]
    report = Report(seconds)
    start_embedded(settings, die_with_parent=True)
    try:
        publish_features(settings)
        with served(settings, home / "endpoint.log") as endpoint, loaded(endpoint, report, releases):
            keep_changing(settings, endpoint, report, releases)
        report.lost = len(report.ids - logged_ids(settings))
    finally:
        stop_embedded(settings)
    return report


def publish_features(settings: Settings) -> None:
    """Publish stored features of every key."""
    layout = feature_layout(product_named(PRODUCT))
    (key_set,) = layout.key_sets
    table = KeySetTable(
        key_columns=[KEYS],
        event_times=np.full((len(KEYS), len(key_set.views)), AS_OF.timestamp()),
        values=np.random.default_rng(7).normal(size=(len(KEYS), len(key_set.columns))),
    )
    with connect(settings.online_url) as store:
        publish_snapshot(store, layout, [table], as_of=AS_OF.timestamp(), snapshot_id="soak", settings=settings)


@contextmanager
def loaded(endpoint: Served, report: Report, releases: list[str]) -> Iterator[None]:
    """Keep callers calling until the time of the report is over; wait for their last answers."""
    score_of = dict(zip(releases, SCORES, strict=True))

    def keep(status: int, body: bytes) -> None:
        for row in json.loads(body)["predictions"] if status == 200 else ():
            report.ids.add(row["prediction_id"])
            report.fallbacks += row["fallback"] != "none"
            report.mixed += row["fallback"] == "none" and row["score"] != score_of[row["release_id"]]

    features = dict.fromkeys(product_named(PRODUCT).stored_columns, 1.5)
    sent = [{"product": PRODUCT, "rows": [{"customer_id": "1", **features}]}]
    sent += [{"product": PRODUCT, "entities": KEYS[:count]} for count in (1, 50)]
    loads = [
        Load(endpoint.port, json.dumps(body).encode(), connections, keep, pause_s=pause_s, pause_after_refusal_s=1.0)
        for body, connections, pause_s in zip(sent, (4, 4, 1), (0.02, 0.02, 0.5), strict=True)
    ]

    async def run() -> None:
        for outcome in await asyncio.gather(*(load.run(report.seconds) for load in loads)):
            report.outcome.statuses.update(outcome.statuses)
            report.outcome.seconds += outcome.seconds
            report.outcome.broken += outcome.broken

    callers = threading.Thread(target=lambda: asyncio.run(run()))
    callers.start()
    try:
        yield
    finally:
        callers.join()


def keep_changing(settings: Settings, endpoint: Served, report: Report, releases: list[str]) -> None:
    """Swap releases, stop and start the store, and sample the process; the store is there at the end."""
    process, started = psutil.Process(endpoint.process.pid), time.monotonic()
    is_away = False
    while (passed := time.monotonic() - started) < report.seconds:
        if passed >= (report.swaps + 1) * SWAP_EVERY_S:
            report.swaps += 1
            Publisher(settings.home).point_at(PRODUCT, releases[report.swaps % 2])
        should_be_away = passed % OUTAGE_EVERY_S >= OUTAGE_EVERY_S - OUTAGE_S
        if should_be_away and not is_away:
            stop_embedded(settings)
            report.outages += 1
        if is_away and not should_be_away:
            start_embedded(settings, die_with_parent=True)
        is_away = should_be_away
        report.times.append(passed)
        report.memory.append(process.memory_info().rss)
        report.files.append(process.num_fds())
        time.sleep(SAMPLE_EVERY_S)
    start_embedded(settings, die_with_parent=True)


def logged_ids(settings: Settings) -> set[str]:
    """Return the ids of all entries in the stream, with those that a process left in its spool file."""
    with connect(settings.online_url) as store:
        take_over(store, PREDICTION_STREAM, settings.spool_dir)
        return set(_ids(store))


def _ids(store: redis.Redis) -> Iterator[str]:
    while batch := read_batch(store, PREDICTION_STREAM, "0-0", 10_000):
        yield from (decode_entry(content).prediction_id for _, content in batch)
        trim(store, PREDICTION_STREAM, batch[-1][0])


def main(seconds: float) -> None:
    """Soak, tell the figures and end with an error when something is wrong."""
    with tempfile.TemporaryDirectory() as home:
        report = soak(Path(home), seconds)
    sys.stdout.write(f"{report}\n")
    if report.problems():
        sys.exit("\n".join(report.problems()))


if __name__ == "__main__":
    main(float(sys.argv[1]))
