"""Replays 10,000 predictions of seven kinds of four releases, then damages what they were made from 200 times.

    .venv/bin/python -m pytest -q -s -o python_files='bench_*.py' tests/bench/bench_replay.py

`PLATFORM_FAULT_TRIALS` and `PLATFORM_FAULT_SEED` change how often and how what is stored is damaged.
"""

import os
import random
import time
from collections import Counter

import pytest

from platform_assets.audit.replay.replay import replay_many
from platform_assets.audit.replay.selection import Wanted
from tests.integration.replay_home import replay_home
from tests.unit.batch.batch_home import BatchHome

SAMPLE = 10_000
TRIALS = int(os.environ.get("PLATFORM_FAULT_TRIALS", "200"))
SEED = int(os.environ.get("PLATFORM_FAULT_SEED", "20111209"))
CUSTOMERS = [str(number) for number in range(10_000, 13_000)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, online_server: str) -> BatchHome:
    return replay_home(tmp_path_factory.mktemp("replay_bench"), online_server, CUSTOMERS)


def test_ten_thousand_predictions_of_all_releases_are_exact(home: BatchHome) -> None:
    started = time.perf_counter()
    report = replay_many(home.settings, Wanted(["churn"], sample=SAMPLE))
    seconds = time.perf_counter() - started
    print(
        f"\n{report.predictions} predictions of {len({one.release_id for one in report.releases})} releases: ", end=""
    )
    print(f"{report.exact_percent} % exact, {report.explained} explained, {report.failed} failed; ", end="")
    print(f"{report.bundle_loads} bundles loaded, {seconds:.1f} s, {report.predictions / seconds:,.0f} per second")
    for one in report.releases:
        print(f"  {one.mode} {one.release_id}: {one.exact} exact")
    assert (report.predictions, report.exact_percent) == (SAMPLE, 100.0)


def test_every_flipped_bit_of_what_predictions_were_made_from_is_found(home: BatchHome) -> None:
    chance, found = random.Random(SEED), Counter[str]()  # noqa: S311 - which bit is flipped is no secret
    targets = {
        "bundle": sorted((home.settings.bundles_dir / "churn").glob("*/*")),
        "batch input": sorted((home.settings.lake_dir / "batch_inputs").rglob("*.parquet")),
        "snapshot": sorted((home.settings.snapshots_dir / "churn_v1").glob("*.npz")),
        "release": sorted(home.settings.releases_dir.glob("churn/????????????????.json")),
    }
    for trial in range(TRIALS):
        kind = list(targets)[trial % len(targets)]
        path = chance.choice(targets[kind])
        kept = path.read_bytes()
        path.write_bytes(_flipped(kept, chance))
        try:
            report = replay_many(home.settings, Wanted(["churn"], sample=60, seed=trial))
            stages = {str(one.stage) for one in report.exceptions} or {"nowhere"}
            found[f"{kind} at {' and '.join(sorted(stages))}"] += 1
        finally:
            path.write_bytes(kept)
    print(f"\n{TRIALS} flipped bits, seed {SEED}: {dict(found)}")
    assert not [told for told in found if told.endswith("nowhere")]


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)
