"""How a batch grows: rows per second and peak memory of 100,000 to 10 million rows, each in a process of its own.

    .venv/bin/python -m pytest -q -s -o python_files='bench_*.py' tests/bench/bench_batch_scale.py

Needs a home with the real data (`make demo`). The customers are copies of the real ones. `PLATFORM_SCALE_ROWS` chooses
other sizes, `PLATFORM_SCALE_PRODUCT` another product over customers, `PLATFORM_BATCH_*` other portions and engines.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.scale.copied_home import copy_home
from tests.bench.scale.one_batch import Took

SIZES = [int(text) for text in os.environ.get("PLATFORM_SCALE_ROWS", "100000,1000000,10000000").split(",")]
PRODUCT = os.environ.get("PLATFORM_SCALE_PRODUCT", "clv")
# What memory may grow by from one size to the next: scores, 8 bytes each, and what compares and sorts them.
MOST_BYTES_PER_ROW = 400


def batch_of(real: Settings, home: Path, rows: int) -> Took:
    copied = copy_home(real, home, PRODUCT, rows)
    command = [sys.executable, "-m", "tests.bench.scale.one_batch", str(copied.home), PRODUCT]
    ended = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return msgspec.json.decode(ended.stdout.splitlines()[-1], type=Took)


@pytest.mark.timeout(36_000)
def test_rows_per_second_and_peak_memory_by_the_size_of_a_batch(tmp_path: Path) -> None:
    real = Settings.from_environment()
    if real.data_source != "full" or not list(real.staging_dir.glob("*.parquet")):
        pytest.skip(f"{real.home} does not hold the full data: run `make demo` first, or set PLATFORM_HOME")
    taken = []
    for rows in SIZES:
        took = batch_of(real, tmp_path / str(rows), rows)
        taken.append(took)
        steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in took.steps.items())
        print(f"\n{rows:,} rows: {rows / took.seconds:,.0f} per second, {rows / took.cpu_seconds:,.0f} per CPU second")
        print(f"  {took.peak_mib:.0f} MiB at most, {took.idle_mib:.0f} MiB before; seconds: {steps}")
        assert took.rows == rows
        assert took.digest, took.refused_by
    for small, large in pairwise(taken):
        grown = (large.peak_mib - small.peak_mib) * 2**20 / (large.rows - small.rows)
        print(f"{small.rows:,} to {large.rows:,} rows: {grown:.0f} bytes of memory more per row")
        assert grown < MOST_BYTES_PER_ROW
