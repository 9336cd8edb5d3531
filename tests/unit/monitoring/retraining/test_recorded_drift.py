"""Drift in the lake asks for a new model while the newest window of the release in force fails."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from platform_assets.monitoring.drift.figures import Comparison, DriftReport
from platform_assets.monitoring.drift.history import keep_reports
from platform_assets.monitoring.drift.judge import judge_score
from platform_assets.monitoring.retraining.breaches import Breach
from platform_assets.monitoring.retraining.drifted import drift_breaches
from platform_assets.settings import Settings
from tests.unit.monitoring.retraining.retraining_samples import DAY, NOW, PROSPECT, RELEASE

RANDOM = np.random.default_rng(7)
TRAINED = RANDOM.beta(2, 5, 3000)


class Lake:
    """A home in which windows of scores are compared with training."""

    def __init__(self, home: Path) -> None:
        """Begin with nothing recorded."""
        self.settings = Settings(home=home, fsync=False)

    def record(self, *, days_ago: int, shift: float, comparison: Comparison = "batch_from_training") -> None:
        scores = np.clip(RANDOM.beta(2, 5, 3000) + shift, 0.0, 1.0)
        window = (NOW - days_ago * DAY).date()
        report = DriftReport(
            product="churn",
            comparison=comparison,
            window=window,
            release_id=RELEASE,
            model_version=1,
            rows=3000,
            reference_rows=3000,
            features=(),
            score=judge_score(TRAINED, scores),
        )
        keep_reports(self.settings, [report], at=NOW, run_id="run")

    def find(self, release: str = RELEASE, now: dt.datetime = NOW) -> list[Breach]:
        return drift_breaches(self.settings, "churn", release, now)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_nothing_is_found_where_no_drift_was_recorded(lake: Lake) -> None:
    assert lake.find() == []


def test_the_newest_window_that_fails_asks_and_the_breach_began_with_the_first_of_its_row(lake: Lake) -> None:
    for days_ago, shift in ((21, 0.4), (14, 0.0), (7, 0.4), (1, 0.4)):
        lake.record(days_ago=days_ago, shift=shift)
    (breach,) = lake.find()
    assert (breach.promise, breach.subject, breach.since.date()) == (
        "drift",
        "batch_from_training",
        (NOW - 7 * DAY).date(),
    )
    assert "the distributions of scores differ by" in breach.told
    lake.record(days_ago=0, shift=0.4)
    (later,) = lake.find()
    assert later.is_cause_of(breach.cause(RELEASE, PROSPECT.cutoff), RELEASE), "the same breach, a window later"


def test_a_window_that_passes_ends_it(lake: Lake) -> None:
    lake.record(days_ago=7, shift=0.4)
    lake.record(days_ago=1, shift=0.0)
    assert lake.find() == []


def test_drift_of_another_release_or_of_long_ago_asks_for_nothing(lake: Lake) -> None:
    lake.record(days_ago=1, shift=0.4)
    assert lake.find("b" * 16) == []
    assert lake.find(now=NOW + 30 * DAY) == []


def test_a_comparison_with_the_batches_before_asks_for_nothing(lake: Lake) -> None:
    lake.record(days_ago=1, shift=0.4, comparison="batch_from_last")
    assert lake.find() == []
