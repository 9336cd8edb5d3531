"""A batch from its staged file to its consumers, killed anywhere and asked for many times at once: there once, whole.

`PLATFORM_FAULT_KILLS` and `PLATFORM_FAULT_STORMS` raise the counts, `PLATFORM_FAULT_SEED` repeats a run.
"""

import os
import random
import sys
from typing import get_args

import pytest

from platform_assets.settings import Settings
from tests.faults.batch_kills import Campaign
from tests.faults.daily_batches import DailyBatches
from tests.faults.polling_consumers import consumers
from tests.faults.published_state import Place
from tests.faults.retry_storms import storm

KILLS = int(os.environ.get("PLATFORM_FAULT_KILLS", "50"))
STORMS = int(os.environ.get("PLATFORM_FAULT_STORMS", "5"))
SEED = int(os.environ.get("PLATFORM_FAULT_SEED", "20111209"))
_MANY = 500  # kills, enough to visit every point


@pytest.fixture
def batches(online_store: Settings) -> DailyBatches:
    return DailyBatches.make(online_store.home, online_store)


def test_a_run_killed_anywhere_leaves_no_partial_duplicate_or_lost_row_and_no_reader_sees_one(
    batches: DailyBatches,
) -> None:
    campaign = Campaign(batches, random.Random(SEED))  # noqa: S311 - instants of a kill, not secrets
    with consumers(batches) as sightings:
        # All points thrice, or in a short run a few of them once.
        report = campaign.run(KILLS, every=1, rounds=3) if KILLS >= _MANY else campaign.run(KILLS, every=4, rounds=1)
    report.reads.update(sightings.reads)
    report.violations += sightings.problems(batches.order(0))
    sys.stdout.write(f"\nseed {SEED}: {report}\n")
    assert report.violations == []
    assert report.kills >= KILLS
    assert {*get_args(Place)} - {"done"} <= report.left.keys(), "some place was never hit"
    assert report.cleaned["orphan"] > 0
    assert min(report.reads.values()) > KILLS


def test_a_batch_that_ten_processes_publish_at_once_is_there_once(batches: DailyBatches) -> None:
    with consumers(batches) as sightings:
        report = storm(batches, STORMS)
    report.reads.update(sightings.reads)
    report.violations += sightings.problems(batches.order(0))
    sys.stdout.write(f"\n{report}\n")
    assert report.violations == []
    assert report.storms == STORMS
