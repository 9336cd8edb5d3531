"""Writers killed at random instants and writers that race: every batch is there once, whole, or not at all.

`PLATFORM_FAULT_TRIALS` raises the number of kills for a longer run, `PLATFORM_FAULT_SEED` repeats one.
"""

import collections
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from platform_assets.lakehouse.orphans import clean_orphans
from platform_assets.lakehouse.read import read_table, table_version
from platform_assets.lakehouse.table import open_table, table_exists

VICTIM = Path(__file__).with_name("publish_victim.py")
PROJECT_ROOT = Path(__file__).resolve().parents[2]
TRIALS = int(os.environ.get("PLATFORM_FAULT_TRIALS", "12"))
SEED = int(os.environ.get("PLATFORM_FAULT_SEED", "20111209"))
BATCHES = 10
ROWS = 4_000
# Shorter than a victim needs for its new batches, so that nearly every kill hits it at work.
LONGEST_LIFE_S = 0.5


def _start(table: Path, told: Path, *, last: int, how: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(VICTIM), str(table), str(told), str(last), how]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)})


def _wait_for_first_file(process: subprocess.Popen[bytes], table: Path, n_before: int) -> None:
    """Return when the victim has begun to write, so that no kill is spent on its imports."""
    while process.poll() is None and sum(1 for _ in table.rglob("*")) <= n_before:
        time.sleep(0.002)


def _kill_once(table: Path, told: Path, chance: random.Random, *, last: int, how: str) -> bool:
    n_before = sum(1 for _ in table.rglob("*"))
    process = _start(table, told, last=last, how=how)
    _wait_for_first_file(process, table, n_before)
    threading.Event().wait(chance.uniform(0.0, LONGEST_LIFE_S))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _counts(table: Path) -> collections.Counter[int]:
    if not table_exists(table):
        return collections.Counter()
    return collections.Counter(read_table(table, columns=["batch"]).column("batch").to_pylist())


def _acknowledged(told: Path) -> set[int]:
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    return {int(line.split()[0]) for line in lines if line.count(" ") == 2}


def _unreferenced(table: Path) -> set[str]:
    on_disk = {path.name for path in table.rglob("part-*.parquet")}
    return on_disk - {Path(uri).name for uri in open_table(table).file_uris()}


@pytest.mark.parametrize("how", ["append", "stage"])
def test_a_killed_writer_leaves_no_partial_duplicate_or_lost_batch(tmp_path: Path, how: str) -> None:
    sys.stdout.write(f"seed {SEED}, {TRIALS // 2} kills of a writer that works by {how}\n")
    chance, kills, table, told = random.Random(SEED), 0, tmp_path / "table", tmp_path / "told"  # noqa: S311 - instants of a kill, not secrets
    table.mkdir()
    for trial in range(1, TRIALS // 2 + 1):
        # Each victim first repeats what the killed ones before it did, then goes on to new batches.
        kills += _kill_once(table, told, chance, last=trial * BATCHES, how=how)
        counts = _counts(table)
        assert set(counts.values()) <= {ROWS}, f"partial or duplicated rows: {counts}"
        assert _acknowledged(told) <= set(counts), "an acknowledged batch is lost"

    everything = dict.fromkeys(range(TRIALS // 2 * BATCHES), ROWS)
    assert _start(table, told, last=len(everything), how=how).wait() == 0
    assert _counts(table) == everything
    orphans = _unreferenced(table)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    cleaned = clean_orphans(table, now=later, older_than=dt.timedelta(days=1))
    assert {path.name for path in cleaned} == orphans
    assert _unreferenced(table) == set()
    assert _counts(table) == everything
    sys.stdout.write(f"killed in the middle: {kills}, orphans found and cleaned: {len(orphans)}\n")


def test_ten_concurrent_writers_of_one_transaction_write_it_once(tmp_path: Path) -> None:
    table, tolds = tmp_path / "table", [tmp_path / f"told{writer}" for writer in range(10)]
    table.mkdir()
    processes = [_start(table, told, last=2, how="stage") for told in tolds]
    assert [process.wait() for process in processes] == [0] * 10

    assert _counts(table) == {0: ROWS, 1: ROWS}
    answers = [line.split() for told in tolds for line in told.read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 20
    assert sum(int(written) for _, _, written in answers) == 2
    assert len({(number, version) for number, version, _ in answers}) == 2
    assert table_version(table) == 2
    assert _unreferenced(table) == set()
