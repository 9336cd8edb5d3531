"""How long a trace takes among up to ten million predictions: batch rows and logged answers, from id to raw file.

The rows are copies of a few real ones under ids of their own. PLATFORM_BENCH_IDS sets the largest number of ids.
Run with `pytest tests/bench/bench_trace.py -s`.
"""

import datetime as dt
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from platform_assets.audit.find_prediction import batch_index, log_index
from platform_assets.audit.trace import raw_files, trace
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from tests.unit.audit.audit_home import two_days
from tests.unit.batch.batch_home import RAW_DIGEST, BatchHome

LARGEST = int(os.environ.get("PLATFORM_BENCH_IDS", "10000000"))
SIZES = [size for size in (100_000, 1_000_000, 10_000_000) if size <= LARGEST] or [LARGEST]
BATCH, STRETCH = 1_000_000, 100_000
LOOKUPS = 40
BUDGET_MS = 200.0
Append = Callable[[BatchHome, pa.Table, np.random.Generator, int, int], list[str]]


def with_ids(rows: pa.Table, number: int, prefix: str, random: np.random.Generator) -> pa.Table:
    """Return copies of the rows under random ids."""
    digits = random.bytes(12 * number).hex()
    ids = [f"{prefix}{digits[24 * place : 24 * place + 24]}" for place in range(number)]
    copies = rows.take(pa.array(np.arange(number) % rows.num_rows))
    return copies.set_column(copies.column_names.index("prediction_id"), "prediction_id", pa.array(ids))


def add_batch(home: BatchHome, rows: pa.Table, random: np.random.Generator, number: int, commit: int) -> list[str]:
    """Append a day of batch predictions, which is one file."""
    day = dt.date(2012, 1, 1) + dt.timedelta(days=commit)
    made = with_ids(rows, number, f"churn-{day:%Y%m%d}-b-", random)
    place = made.column_names.index("prediction_date")
    made = made.set_column(place, "prediction_date", pa.repeat(pa.scalar(day, pa.date32()), number))
    append(home.settings.predictions_dir / "churn", made, ("prediction_date", "model_version"), commit)
    return [str(told) for told in made.column("prediction_id").slice(0, LOOKUPS).to_pylist()]


def add_answers(home: BatchHome, rows: pa.Table, random: np.random.Generator, number: int, commit: int) -> list[str]:
    """Append a stretch of the prediction log; fifty make a day."""
    day = dt.date(2026, 4, 1) + dt.timedelta(days=commit // 50)
    made = with_ids(rows, number, f"churn-{day:%Y%m%d}-o-", random)
    place = made.column_names.index("predicted_date")
    made = made.set_column(place, "predicted_date", pa.repeat(pa.scalar(day, pa.date32()), number))
    append(home.settings.prediction_log_dir, made, ("product", "predicted_date"), commit)
    return [str(told) for told in made.column("prediction_id").slice(0, LOOKUPS).to_pylist()]


def append(table: Path, rows: pa.Table, partitions: Sequence[str], commit: int) -> None:
    append_once(table, rows, app_id=f"bench-{commit}", version=1, partition_by=partitions, metadata={}, fsync=False)


def timed(home: BatchHome, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the milliseconds and those of CPU of each whole trace, the raw file at its end compared."""
    spent, worked = [], []
    for told in ids:
        begun, begun_work = time.perf_counter(), time.process_time()
        found = trace(home.settings, told)
        spent.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - begun_work) * 1000)
        assert raw_files(found) == {"online_retail": RAW_DIGEST}
    return np.array(spent), np.array(worked)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("kind", "add", "at_once"), [("batch rows", add_batch, BATCH), ("answers", add_answers, STRETCH)]
)
def test_a_trace_among_millions_of_predictions_is_quick(tmp_path: Path, kind: str, add: Append, at_once: int) -> None:
    """Grow a table and time whole traces of ids from all over it."""
    home, random = two_days(tmp_path), np.random.default_rng(7)
    is_batch = kind == "batch rows"
    table = home.settings.predictions_dir / "churn" if is_batch else home.settings.prediction_log_dir
    rows = read_table(table, filters=None if is_batch else [("fallback", "=", "none"), ("release_id", "!=", "another")])
    index = batch_index(home.settings, "churn") if is_batch else log_index(home.settings)
    known: list[str] = []
    written = commits = 0
    print(f"\n| {kind} | files | index, s per million ids | bytes per id | trace, ms p50 | p99 | CPU, ms p50 | p99 |")
    print("|---|---|---|---|---|---|---|---|")
    for size in SIZES:
        before, indexing = written, 0.0
        while written < size:
            number = min(at_once, size - written)
            known += add(home, rows, random, number, commits)
            written, commits = written + number, commits + 1
            begun = time.perf_counter()
            index.catch_up()  # as the asset that wrote it does
            indexing += time.perf_counter() - begun
        chosen = [known[place] for place in random.integers(0, len(known), LOOKUPS)]
        spent, worked = timed(home, chosen)
        weight = sum(path.stat().st_size for path in index.index_dir.rglob("*.pack")) / written
        per_million = indexing / (written - before) * 1e6
        figures = (*np.percentile(spent, [50, 99]), *np.percentile(worked, [50, 99]))
        told = " | ".join(f"{figure:.0f}" for figure in figures)
        print(f"| {size:,} | {commits} | {per_million:.2f} | {weight:.1f} | {told} |")
    assert np.percentile(worked, 99) < BUDGET_MS  # of CPU: what else runs on the machine does not count
