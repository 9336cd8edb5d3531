"""How good predictions were by what came true: per release, variant, slice and week, with intervals that hold."""

import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.contract.evaluation import Slice
from platform_assets.monitoring.outcomes.figures import Sample, figures_of, reliability
from platform_assets.monitoring.outcomes.slices import slices_of
from tests.unit.monitoring.outcomes.outcome_table import CHURN, DAY, MONDAY, PARKING, OutcomeTable


def test_each_release_and_variant_has_figures_of_its_own_and_the_newest_comes_first(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    table.add(100, right=90)
    table.add(50, right=30, variant="candidate", release_id="r2", model_version=2)
    table.add(50, right=45, variant="control")
    table.add(40, right=20, mode="batch")
    found = {(one.release_id, one.mode, one.variant): one for one in table.read(windows=False)}
    assert list(found) == [
        ("r2", "online", "candidate"),
        ("r1", "batch", None),
        ("r1", "online", None),
        ("r1", "online", "control"),
    ]
    assert [one.figures["accuracy"].value for one in found.values()] == [0.6, 0.5, 0.9, 0.9]
    assert [one.rows for one in table.read(windows=False, release_id="r1", mode="batch")] == [40]


def test_weeks_begin_on_monday_and_hold_the_events_of_seven_days(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    for day, right in ((0, 10), (6, 8), (7, 2), (21, 10)):
        table.add(10, right=right, event_at=MONDAY + day * DAY + dt.timedelta(hours=23))
    whole, *weeks = table.read()
    assert (whole.window_start, whole.rows) == (None, 40)
    assert [one.window_start for one in weeks] == [MONDAY, MONDAY + 7 * DAY, MONDAY + 21 * DAY]
    assert [one.figures["accuracy"].value for one in weeks] == [0.9, 0.2, 1.0]


def test_only_labels_that_became_known_in_between_are_read(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    for day in range(10):
        table.add(1, event_at=MONDAY + day * DAY)
    known = MONDAY + 90 * DAY
    (found,) = table.read(windows=False, known_since=known + 2 * DAY, known_until=known + 5 * DAY)
    assert found.rows == 3


def test_answers_of_a_fallback_and_invalid_scores_are_told_and_in_no_figure(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    table.add(10, right=10)
    table.add(3, fallback="default_score")
    table.add(2, is_valid=False, score=None, is_right=None, error=None)
    (found,) = table.read(windows=False)
    assert (found.rows, found.others, found.figures["accuracy"].value) == (10, 5, 1.0)


def test_a_sample_says_so(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path)
    table.add(10, right=10)
    table.add(2, sample_share=0.01)
    assert [one.sample_share for one in table.read(windows=False)] == [0.01]


def test_declared_slices_are_measured_beside_the_whole(tmp_path: Path) -> None:
    table = OutcomeTable(tmp_path, PARKING)
    table.add(20, score=0.5, truth=0.4, is_right=None, slices=["day_ahead"])
    table.add(20, score=0.5, truth=0.3, is_right=None, slices=["30_minutes_ahead", "day_ahead"])
    found = {one.slice: one for one in table.read(windows=False)}
    assert list(found) == ["all", "30_minutes_ahead", "day_ahead"]
    assert [round(one.figures["mae"].value, 6) for one in found.values()] == [0.15, 0.2, 0.15]
    assert found["all"].figures["bias"].value == pytest.approx(0.15)
    assert "accuracy" not in found["all"].figures


def test_a_prediction_lies_in_the_slices_that_its_inputs_say() -> None:
    at = dt.datetime(2016, 12, 10, 8, tzinfo=dt.UTC)
    inputs = {
        "event_at": [at, at, at],
        "target_at": [at + dt.timedelta(minutes=30), at + dt.timedelta(hours=8), at],
        "observed_at": [(at - dt.timedelta(minutes=5)).timestamp(), (at - dt.timedelta(hours=2)).timestamp(), None],
    }
    table = pa.table(inputs)
    assert slices_of(PARKING, table) == [["30_minutes_ahead"], ["day_ahead"], []]
    assert slices_of(CHURN, table) == [[], [], []]
    named = msgspec.structs.replace(PARKING, slices=(Slice(name="gone", column="capacity", low=0, high=1),))
    assert slices_of(named, table) == [[], [], []], "its column is not there"


def test_nothing_joined_is_no_performance(tmp_path: Path) -> None:
    assert OutcomeTable(tmp_path).read() == []


def test_probabilities_that_mean_what_they_say_show_no_bias_and_overconfident_ones_do() -> None:
    random = np.random.default_rng(5)
    rate = random.beta(2, 3, 4000)
    truth = (random.random(4000) < rate).astype(np.float64)
    found = figures_of(CHURN, _sample(rate, truth))
    assert found["bias"].low is not None
    assert found["bias"].high is not None
    assert found["bias"].low < 0.0 < found["bias"].high
    assert found["calibration_error"].value < 0.03
    loud = figures_of(CHURN, _sample(np.minimum(rate + 0.2, 1.0), truth))
    assert loud["bias"].value == pytest.approx(0.2, abs=0.02)
    assert loud["calibration_error"].value == pytest.approx(0.2, abs=0.02)
    assert loud["log_loss"].value > found["log_loss"].value
    assert {*found} == {"accuracy", "auc", "brier", "log_loss", "calibration_error", "bias"}
    assert [one.rows for one in reliability(_sample(rate, truth))] == [400] * 10


def _sample(score: np.ndarray, truth: np.ndarray) -> Sample:
    count = len(score)
    right = ((score >= 0.5) == (truth > 0)).astype(np.float64)
    entities = np.array([f"e{number}" for number in range(count)], dtype=object)
    return Sample(score, truth, right, np.full(count, np.nan), entities)
