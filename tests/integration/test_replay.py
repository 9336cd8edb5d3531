"""Past predictions are computed again and compared bit for bit."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.audit.replay.replay import replay_many, replay_one
from platform_assets.audit.replay.report import Report, as_markdown
from platform_assets.audit.replay.selection import Wanted
from platform_assets.audit.replay.verdict import Replayed
from platform_assets.batch.replay import BatchReplay
from platform_assets.cli import run
from platform_assets.errors import UnknownPredictionError
from platform_assets.ledger.artifacts import artifact_id
from tests.integration.replay_records import (
    answers,
    batch_row,
    change_row,
    next_bit,
)
from tests.unit.batch.batch_home import AS_OF, BatchHome

EVERYTHING = Wanted(["churn"])


def test_more_than_five_hundred_predictions_of_every_release_are_exact(replayable: BatchHome) -> None:
    report = replay_many(replayable.settings, EVERYTHING)
    assert report.predictions >= 500
    assert (report.exact, report.exact_percent, report.is_sound) == (report.predictions, 100.0, True)
    assert len({one.release_id for one in report.releases}) == 4
    assert {one.mode for one in report.releases} == {"batch", "online"}


def test_each_bundle_is_loaded_once_however_many_predictions_it_made(replayable: BatchHome) -> None:
    assert replay_many(replayable.settings, EVERYTHING).bundle_loads == 4


def test_the_records_hold_every_kind_of_answer_that_is_replayed(replayable: BatchHome) -> None:
    kinds = {(row["fallback"], row["reason"], row["cache_hit"], row["sent"] is None) for row in answers(replayable)}
    assert ("none", "stale_features", True, True) in kinds  # from the cache
    assert ("none", "stale_features", False, False) in kinds  # some features sent
    assert ("none", None, False, True) in kinds  # all features sent
    assert ("last_batch", "invalid_score", False, True) in kinds
    assert ("default_score", "unknown_entity", False, True) in kinds
    assert any(row["engine"].endswith(" x3") for row in answers(replayable))  # of the ensemble


def test_a_sample_has_some_of_every_release_and_the_same_seed_repeats_it(replayable: BatchHome) -> None:
    first, again = (replay_many(replayable.settings, Wanted(["churn"], sample=70)) for _ in range(2))
    assert first == again
    assert (first.predictions, first.exact_percent) == (70, 100.0)
    assert {one.exact for one in first.releases} == {10}


def test_a_sample_larger_than_what_there_is_takes_all_of_it(replayable: BatchHome) -> None:
    everything = replay_many(replayable.settings, EVERYTHING)
    assert replay_many(replayable.settings, Wanted(["churn"], sample=100_000)).predictions == everything.predictions


def test_what_was_made_before_a_day_is_left_out(replayable: BatchHome) -> None:
    told = replay_many(replayable.settings, Wanted(["churn"], since=AS_OF.date() + dt.timedelta(days=1)))
    assert {one.mode for one in told.releases} == {"online"}


def test_without_any_prediction_nothing_is_exact_and_nothing_failed(replayable: BatchHome, tmp_path: Path) -> None:
    told = replay_many(replayable.settings.with_home(tmp_path), EVERYTHING)
    assert (told.predictions, told.exact_percent, told.is_sound) == (0, None, True)
    assert "nothing was replayed" in as_markdown(told)


def test_one_prediction_tells_every_stage_with_the_numbers_that_the_model_saw(replayable: BatchHome) -> None:
    row = batch_row(replayable)
    told = replay_one(replayable.settings, row["prediction_id"])
    assert [stage.stage for stage in told.stages] == [
        "record",
        "inputs",
        "on_demand",
        "matrix",
        "model_output",
        "score",
        "uncertainty",
        "label",
    ]
    by_stage = {stage.stage: stage for stage in told.stages}
    assert by_stage["score"].replayed == repr(row["score"])
    assert "days_since_last_order=11.0" in str(by_stage["on_demand"].replayed)
    assert told.verdict == "exact"


def test_an_id_that_is_nowhere_is_unknown_to_a_replay(replayable: BatchHome) -> None:
    for told in ("nonsense", "churn-20111210-b-ffffffffffffffffffffffff", "../x-20111210-b-0123"):
        with pytest.raises(UnknownPredictionError):
            replay_one(replayable.settings, told)


def test_the_report_names_the_release_and_each_exception_with_examples(damaged: BatchHome) -> None:
    row = batch_row(damaged)
    change_row(damaged.settings.predictions_dir / "churn", row["prediction_id"], next_bit("score"))
    report = replay_many(damaged.settings, EVERYTHING)
    page = as_markdown(report)
    assert (report.failed, report.exceptions[0].count) == (1, 1)
    assert f"| 1 | churn | failed | score: another value | {row['prediction_id']} |" in page
    assert f"| churn | batch | {row['release_id']} | 119 | 0 | 1 |" in page


def test_every_batch_row_names_an_input_that_the_manifest_knows(replayable: BatchHome) -> None:
    row = batch_row(replayable, version=3)
    digest = row["input_artifact"].split("@")[1]
    assert row["input_artifact"] == artifact_id("batch_input", "churn", digest)


def command(home: BatchHome, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setenv("PLATFORM_HOME", str(home.settings.home))
    monkeypatch.setenv("REDIS_URL", home.settings.online_url)
    return run(["replay", *words])


def test_the_command_replays_one_prediction_and_shows_its_stages(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction_id = batch_row(replayable)["prediction_id"]
    assert command(replayable, monkeypatch, prediction_id) == 0
    shown = capsys.readouterr().out
    assert "exact" in shown
    assert "model_output" in shown
    assert command(replayable, monkeypatch, prediction_id, "--json") == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=Replayed).verdict == "exact"


def test_the_command_replays_many_and_writes_the_report(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command(replayable, monkeypatch, "--sample", "14", "--to", str(tmp_path / "replays" / "report")) == 0
    page = (tmp_path / "replays" / "report.md").read_text()
    assert page in capsys.readouterr().out
    assert "14 predictions: 100 % exact" in page
    report = msgspec.json.decode((tmp_path / "replays" / "report.json").read_bytes(), type=Report)
    assert report.exact == 14


def test_the_command_ends_with_a_problem_where_a_prediction_fails(
    damaged: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = batch_row(damaged)
    change_row(damaged.settings.predictions_dir / "churn", row["prediction_id"], next_bit("score"))
    assert command(damaged, monkeypatch, row["prediction_id"]) == 1
    assert command(damaged, monkeypatch, "--all", "--product", "churn") == 1
    assert "score: another value" in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("a", "b"), ("--all", "x"), ("--batch", "churn"), ("--all", "--training")])
def test_words_that_do_not_say_what_to_replay_are_wrong_usage(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert command(replayable, monkeypatch, *words) == 2


def test_the_command_replays_the_batch_of_a_day(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(replayable, monkeypatch, "--batch", "churn", "2011-12-10", "--json") == 0
    told = msgspec.json.decode(capsys.readouterr().out, type=BatchReplay)
    assert (told.is_exact, told.rows) == (True, 120)
