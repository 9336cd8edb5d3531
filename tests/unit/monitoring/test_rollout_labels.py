"""Labels of the step of a rollout: those of its own answers, known by now, and within a bounded time."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.monitoring.rollout_label_process import labels_within
from platform_assets.monitoring.rollout_labels import Known, StepAsked, read_labels
from platform_assets.settings import Settings
from tests.unit.monitoring.experiment_logs import LATELY, NOW, ExperimentHome, answer
from tests.unit.rollouts.experiment_samples import AT
from tests.unit.serving.conftest import product_named

ROLLOUT = "churn-b-2"
OF_ROLLOUT = {"experiment_id": ROLLOUT}
WRONG = {"label": "likely_to_stay"}
STEP = dt.timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> ExperimentHome:
    made = ExperimentHome(Settings(home=tmp_path, fsync=False), product_named("churn"))
    made.orders({"elsewhere": 5.0})  # nobody else orders: who is said to churn does
    return made


def asked(home: ExperimentHome) -> StepAsked:
    return StepAsked(
        home=home.settings.home,
        clock_mode="replay",
        product=home.product,
        rollout_id=ROLLOUT,
        step_since=AT,
        at=AT + STEP,
    )


def test_each_release_is_held_against_what_came_true(home: ExperimentHome) -> None:
    home.log(answer(n, "control", **OF_ROLLOUT) for n in range(30))
    home.log(answer(100 + n, "candidate", **OF_ROLLOUT, **(WRONG if n < 4 else {})) for n in range(10))
    labels = read_labels(asked(home))
    assert (labels.candidate, labels.control) == (Known(10, 6), Known(30, 30))
    assert labels.told == f"of outcomes that are known by {NOW.isoformat()}"


def test_another_step_another_rollout_and_answers_that_a_caller_chose_count_for_nothing(home: ExperimentHome) -> None:
    home.log(
        [
            answer(1, "candidate", **OF_ROLLOUT),
            answer(2, "candidate", **OF_ROLLOUT, predicted_at=AT - dt.timedelta(seconds=1)),
            answer(3, "candidate", experiment_id="churn-b-9"),
            answer(4, "candidate", **OF_ROLLOUT, chosen="override"),
            answer(5, "kept", **OF_ROLLOUT),
            answer(6, "candidate", **OF_ROLLOUT, product="cancellation_risk"),
        ]
    )
    labels = read_labels(asked(home))
    assert (labels.candidate, labels.control) == (Known(1, 1), Known())


def test_a_unit_counts_once_by_its_first_answer_in_the_step(home: ExperimentHome) -> None:
    before, later = AT - STEP, AT + dt.timedelta(minutes=9)
    home.log(
        [
            answer(1, "candidate", **OF_ROLLOUT, prediction_id="c", predicted_at=later),
            answer(1, "candidate", **OF_ROLLOUT, prediction_id="b", **WRONG),
            answer(1, "control", **OF_ROLLOUT, prediction_id="a", predicted_at=before),
        ]
    )
    assert read_labels(asked(home)).candidate == Known(1, 0)


def test_outcomes_that_are_not_known_yet_are_in_no_figure_and_that_is_told(home: ExperimentHome) -> None:
    home.log(
        [answer(1, "candidate", **OF_ROLLOUT, event_at=LATELY), answer(2, "control", **OF_ROLLOUT, event_at=LATELY)]
    )
    labels = read_labels(asked(home))
    assert (labels.candidate, labels.control) == (Known(), Known())
    assert labels.told == f"none of 2 units of this step has an outcome by {NOW.isoformat()}"


def test_another_process_finds_the_same(home: ExperimentHome) -> None:
    home.log(answer(n, "candidate", **OF_ROLLOUT, **(WRONG if n < 2 else {})) for n in range(5))
    assert labels_within(asked(home), 60.0) == read_labels(asked(home))


def test_a_lake_that_takes_too_long_is_told_and_not_waited_for(home: ExperimentHome) -> None:
    home.log([answer(1, "candidate", **OF_ROLLOUT)])
    labels = labels_within(asked(home), 0.001)
    assert (labels.told, labels.candidate) == ("the lake did not tell any within 0.001 seconds", Known())


def test_outcomes_that_are_due_without_staging_files_are_none_with_the_reason(home: ExperimentHome) -> None:
    home.log([answer(1, "candidate", **OF_ROLLOUT)])
    (home.settings.staging_dir / "orders.parquet").unlink()
    labels = labels_within(asked(home), 60.0)
    assert labels.candidate == Known()
    assert "the lake cannot be read: " in labels.told
    assert "group staging" in labels.told


def test_an_error_that_nobody_foresaw_is_told_by_its_first_line(home: ExperimentHome) -> None:
    home.log([answer(1, "candidate", **OF_ROLLOUT)])
    (home.settings.staging_dir / "orders.parquet").write_bytes(b"half a file")
    labels = labels_within(asked(home), 60.0)
    assert labels.told.startswith("the lake cannot be read: _duckdb.")
    assert "orders.parquet" in labels.told
    assert labels.candidate == Known()
