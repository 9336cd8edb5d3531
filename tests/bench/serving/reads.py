"""The online reader alone: concurrent callers against the real store with the bench's snapshot, on both cores."""

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from platform_assets.online.reader import OnlineReader
from tests.bench.serving.home import online_store
from tests.bench.serving.model import BenchModel
from tests.bench.serving.plan import MANY_ROWS
from tests.bench.serving.product import bench_layout
from tests.bench.serving.samples import Reads
from tests.bench.serving.wire import ENTITIES, entity_name

CALLERS = 16
KEYS = (1, MANY_ROWS)
# The reader gives up after 50 ms in service; here a slow read is to be seen, not refused.
_TIMEOUT_S = 5.0


def measure_reads(work: Path, model: BenchModel, *, seconds: float, round_number: int) -> Iterator[Reads]:
    """Yield rows read per second and latencies, for one entity a read and for many."""
    with online_store(work / "home", model) as (settings, _):
        for keys in KEYS:
            asyncio.run(_read(settings.online_url, keys, seconds / 2))
            start = time.perf_counter()
            took = np.array(asyncio.run(_read(settings.online_url, keys, seconds)))
            elapsed = time.perf_counter() - start
            yield Reads(
                round=round_number,
                callers=CALLERS,
                keys=keys,
                rows_per_s=len(took) * keys / elapsed,
                p50_ms=float(np.percentile(took, 50)) * 1e3,
                p99_ms=float(np.percentile(took, 99)) * 1e3,
            )


async def _read(url: str, keys: int, seconds: float) -> list[float]:
    service, deadline = bench_layout().service, time.perf_counter() + seconds
    async with OnlineReader(url, timeout_s=_TIMEOUT_S) as reader:

        async def call() -> list[float]:
            took = []
            while (start := time.perf_counter()) < deadline:
                first = random.randrange(ENTITIES)  # noqa: S311 - any entities will do
                names = [entity_name((first + number) % ENTITIES) for number in range(keys)]
                read = await reader.read(service, [names])
                took.append(time.perf_counter() - start)
                if not read.found[0].all():
                    message = "the store does not know an entity of the snapshot"
                    raise LookupError(message)
            return took

        return [each for took in await asyncio.gather(*(call() for _ in range(CALLERS))) for each in took]
