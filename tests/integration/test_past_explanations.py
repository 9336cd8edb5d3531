"""Any past prediction is explained by the bundle that gave it, also long after."""

import math

import pytest

from platform_assets.audit.replay.explain import explain_one
from platform_assets.cli import run
from platform_assets.errors import NotExplainableError
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.release import read_release
from tests.integration.replay_records import answer, batch_row, flip_byte
from tests.unit.batch.batch_home import BatchHome


def link(margin: float) -> float:
    return 1.0 / (1.0 + math.exp(-margin))


def test_the_contributions_of_a_batch_row_add_up_to_its_recorded_model_output(replayable: BatchHome) -> None:
    row = batch_row(replayable)
    told = explain_one(replayable.settings, row["prediction_id"]).explanation
    summed = told.baseline + sum(reason.contribution for reason in told.reasons) + told.others
    assert math.isclose(summed, told.margin, rel_tol=1e-9)
    assert math.isclose(link(told.margin), row["model_output"], rel_tol=1e-9)
    assert abs(told.others) <= 1e-9  # every input that contributed is told


def test_a_logged_answer_is_explained_by_the_release_that_gave_it(replayable: BatchHome) -> None:
    row = answer(replayable, fallback="none", model_version=1)
    told = explain_one(replayable.settings, row["prediction_id"])
    release = read_release(replayable.settings.releases_dir, "churn", row["release_id"])
    calibration = load_bundle(replayable.settings.home / release.bundle_path).calibration
    assert calibration is not None
    assert told.replayed.verdict == "exact"
    score = float(calibration.apply(link(told.explanation.margin)))  # type: ignore[arg-type]  # one number
    assert math.isclose(score, row["score"], rel_tol=1e-9)


def test_a_fallback_to_the_last_batch_is_explained_by_that_batch(replayable: BatchHome) -> None:
    row = answer(replayable, fallback="last_batch")
    assert explain_one(replayable.settings, row["prediction_id"]).explanation.reasons


def test_a_score_of_an_ensemble_is_explained(replayable: BatchHome) -> None:
    row = batch_row(replayable, version=3)
    assert explain_one(replayable.settings, row["prediction_id"]).explanation.reasons


def test_an_answer_that_no_model_gave_is_not_explained(replayable: BatchHome) -> None:
    row = answer(replayable, fallback="default_score")
    with pytest.raises(NotExplainableError, match="the fallback default_score, because of unknown_entity"):
        explain_one(replayable.settings, row["prediction_id"])


def test_a_prediction_whose_replay_fails_is_not_explained(damaged: BatchHome) -> None:
    flip_byte(damaged.settings.bundles_dir / "churn" / "1" / "model.txt")
    with pytest.raises(NotExplainableError, match="its replay failed at bundle"):
        explain_one(damaged.settings, batch_row(damaged)["prediction_id"])


def test_the_command_shows_the_contributions_in_words(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLATFORM_HOME", str(replayable.settings.home))
    assert run(["replay", batch_row(replayable)["prediction_id"], "--explain"]) == 0
    shown = capsys.readouterr().out
    assert "speaks for" in shown
    assert "margin" in shown
