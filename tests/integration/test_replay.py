"""Past predictions are computed again and compared bit for bit; damage shows at the stage where it lies."""

import datetime as dt
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.audit.replay.replay import replay_many, replay_one
from platform_assets.audit.replay.report import Report, as_markdown
from platform_assets.audit.replay.selection import Wanted
from platform_assets.audit.replay.verdict import Replayed
from platform_assets.batch.replay import BatchReplay
from platform_assets.cli import run
from platform_assets.errors import UnknownPredictionError
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import open_table
from platform_assets.ledger.artifacts import artifact_id
from tests.integration.replay_home import moved, replay_home
from tests.unit.batch.batch_home import AS_OF, BatchHome

EVERYTHING = Wanted(["churn"])
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, online_server: str) -> BatchHome:
    """Give a home of four releases that nobody changes."""
    return replay_home(tmp_path_factory.mktemp("replay"), online_server)


@pytest.fixture
def home(sound: BatchHome, tmp_path: Path) -> BatchHome:
    """Give the same records in a directory of its own, to be damaged."""
    return moved(sound, tmp_path)


def batch_row(home: BatchHome, version: int = 1, place: int = 7) -> dict[str, Any]:
    table = read_table(home.settings.predictions_dir / "churn", filters=[("model_version", "=", version)])
    row: dict[str, Any] = table.sort_by("row_key").slice(place, 1).to_pylist()[0]
    return row


def answers(home: BatchHome, **wanted: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(home.settings.prediction_log_dir).to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def answer(home: BatchHome, **wanted: object) -> dict[str, Any]:
    return answers(home, **wanted)[0]


def change_row(table_dir: Path, prediction_id: str, change: Change) -> None:
    """Write another value into the file of a table, as somebody with access to the disk could."""
    for name in open_table(table_dir).file_uris():
        stored = pq.ParquetFile(name).read()
        rows = stored.to_pylist()
        for row in rows:
            if row["prediction_id"] == prediction_id:
                change(row)
                pq.write_table(pa.Table.from_pylist(rows, schema=stored.schema), name, compression="zstd")
                return
    raise AssertionError(prediction_id)


def change_batch(home: BatchHome, row: dict[str, Any], change: Change) -> Replayed:
    change_row(home.settings.predictions_dir / "churn", row["prediction_id"], change)
    return replay_one(home.settings, row["prediction_id"])


def change_answer(home: BatchHome, row: dict[str, Any], change: Change) -> Replayed:
    change_row(home.settings.prediction_log_dir, row["prediction_id"], change)
    return replay_one(home.settings, row["prediction_id"])


def setting(name: str, value: object) -> Change:
    return lambda row: row.__setitem__(name, value)


def next_bit(name: str) -> Change:
    return lambda row: row.__setitem__(name, math.nextafter(row[name], math.inf))


def verdict_of(replayed: Replayed) -> tuple[str, str | None]:
    return replayed.verdict, replayed.first_difference


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_more_than_five_hundred_predictions_of_every_release_are_exact(sound: BatchHome) -> None:
    report = replay_many(sound.settings, EVERYTHING)
    assert report.predictions >= 500
    assert (report.exact, report.exact_percent, report.is_sound) == (report.predictions, 100.0, True)
    assert len({one.release_id for one in report.releases}) == 4
    assert {one.mode for one in report.releases} == {"batch", "online"}


def test_each_bundle_is_loaded_once_however_many_predictions_it_made(sound: BatchHome) -> None:
    assert replay_many(sound.settings, EVERYTHING).bundle_loads == 4


def test_the_records_hold_every_kind_of_answer_that_is_replayed(sound: BatchHome) -> None:
    kinds = {(row["fallback"], row["reason"], row["cache_hit"], row["sent"] is None) for row in answers(sound)}
    assert ("none", "stale_features", True, True) in kinds  # from the cache
    assert ("none", "stale_features", False, False) in kinds  # some features sent
    assert ("none", None, False, True) in kinds  # all features sent
    assert ("last_batch", "invalid_score", False, True) in kinds
    assert ("default_score", "unknown_entity", False, True) in kinds
    assert any(row["engine"].endswith(" x3") for row in answers(sound))  # of the ensemble


def test_a_sample_has_some_of_every_release_and_the_same_seed_repeats_it(sound: BatchHome) -> None:
    first, again = (replay_many(sound.settings, Wanted(["churn"], sample=70)) for _ in range(2))
    assert first == again
    assert (first.predictions, first.exact_percent) == (70, 100.0)
    assert {one.exact for one in first.releases} == {10}


def test_a_sample_larger_than_what_there_is_takes_all_of_it(sound: BatchHome) -> None:
    everything = replay_many(sound.settings, EVERYTHING)
    assert replay_many(sound.settings, Wanted(["churn"], sample=100_000)).predictions == everything.predictions


def test_what_was_made_before_a_day_is_left_out(sound: BatchHome) -> None:
    told = replay_many(sound.settings, Wanted(["churn"], since=AS_OF.date() + dt.timedelta(days=1)))
    assert {one.mode for one in told.releases} == {"online"}


def test_without_any_prediction_nothing_is_exact_and_nothing_failed(sound: BatchHome, tmp_path: Path) -> None:
    told = replay_many(sound.settings.with_home(tmp_path), EVERYTHING)
    assert (told.predictions, told.exact_percent, told.is_sound) == (0, None, True)
    assert "nothing was replayed" in as_markdown(told)


def test_one_prediction_tells_every_stage_with_the_numbers_that_the_model_saw(sound: BatchHome) -> None:
    row = batch_row(sound)
    told = replay_one(sound.settings, row["prediction_id"])
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


def test_an_id_that_is_nowhere_is_unknown_to_a_replay(sound: BatchHome) -> None:
    for told in ("nonsense", "churn-20111210-b-ffffffffffffffffffffffff", "../x-20111210-b-0123"):
        with pytest.raises(UnknownPredictionError):
            replay_one(sound.settings, told)


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        (next_bit("score"), "score"),
        (next_bit("model_output"), "model_output"),
        (next_bit("uncertainty"), "uncertainty"),
        (setting("label", "likely_to_fly"), "label"),
        (setting("matrix_digest", "0" * 16), "matrix"),
        (setting("row_key", "101"), "record"),
        (setting("training_run_id", "another"), "record"),
        (setting("event_at", AS_OF - dt.timedelta(microseconds=1)), "inputs"),
        (setting("is_valid", value=False), "score"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_value_of_a_batch_row_is_found_at_its_stage(home: BatchHome, change: Change, stage: str) -> None:
    assert verdict_of(change_batch(home, batch_row(home), change)) == ("failed", stage)


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        (next_bit("score"), "score"),
        (next_bit("uncertainty"), "uncertainty"),
        (setting("label", "likely_to_fly"), "label"),
        (setting("bundle_digest", "0" * 64), "record"),
        (setting("row_keys", '{"customer_id":"101"}'), "stored_features"),
        (setting("row_keys", "{"), "record"),
        (setting("features", [1.0]), "record"),
        (setting("event_at", AS_OF - dt.timedelta(days=300)), "record"),
        (setting("fallback", "default_score"), "score"),
        (setting("snapshot_id", "0" * 16), "inputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_changed_value_of_a_logged_answer_is_found_at_its_stage(home: BatchHome, change: Change, stage: str) -> None:
    row = answer(home, fallback="none", cache_hit=False, model_version=1, entity_id="105")
    assert verdict_of(change_answer(home, row, change)) == ("failed", stage)


def test_a_changed_feature_of_a_logged_answer_differs_from_its_snapshot(home: BatchHome) -> None:
    row = answer(home, fallback="none", cache_hit=True)
    changed = [*row["features"][:3], row["features"][3] + 1e-9, *row["features"][4:]]
    told = change_answer(home, row, setting("features", changed))
    assert verdict_of(told) == ("failed", "stored_features")
    assert told.reason.startswith(f"stored_features: {home.product.stored_columns[3]} is not what snapshot")


def test_a_changed_bundle_fails_all_that_it_scored_and_nothing_else(home: BatchHome) -> None:
    flip_byte(home.settings.bundles_dir / "churn" / "2" / "model.txt")
    report = replay_many(home.settings, EVERYTHING)
    scored = [one for one in report.releases if one.failed]
    assert {(one.exact, one.failed) for one in scored} == {(0, 120), (0, 58)}
    assert {(one.verdict, one.stage) for one in report.exceptions} == {("failed", "bundle")}
    assert "model.txt has digest" in report.exceptions[0].reason


def test_without_the_file_of_its_release_a_prediction_fails(home: BatchHome) -> None:
    row = batch_row(home)
    (home.settings.releases_dir / "churn" / f"{row['release_id']}.json").unlink()
    assert verdict_of(replay_one(home.settings, row["prediction_id"])) == ("failed", "release")


@pytest.mark.parametrize("damage", [flip_byte, Path.unlink], ids=["changed", "gone"])
def test_without_its_input_file_a_batch_row_fails_with_the_reason(
    home: BatchHome, damage: Callable[[Path], None]
) -> None:
    row = batch_row(home)
    damage(next((home.settings.lake_dir / "batch_inputs").rglob("*.parquet")))
    told = replay_one(home.settings, row["prediction_id"])
    assert verdict_of(told) == ("failed", "inputs")
    assert row["input_artifact"].split("@")[1] in told.reason


def test_a_fallback_to_a_batch_whose_row_was_changed_fails(home: BatchHome) -> None:
    row = answer(home, fallback="last_batch")
    taken = read_table(
        home.settings.predictions_dir / "churn",
        filters=[("model_version", "=", row["model_version"]), ("row_key", "=", row["entity_id"])],
    ).to_pylist()[0]
    change_row(home.settings.predictions_dir / "churn", taken["prediction_id"], next_bit("score"))
    assert verdict_of(replay_one(home.settings, row["prediction_id"])) == ("failed", "inputs")


def test_a_snapshot_whose_copy_is_gone_is_built_again_from_the_history(home: BatchHome) -> None:
    row = answer(home, fallback="none", model_version=1)
    shutil.rmtree(home.settings.snapshots_dir)
    told = replay_one(home.settings, row["prediction_id"])
    assert told.verdict == "exact"
    assert told.stages[1].note == f"those of snapshot {row['snapshot_id']}, whose content has that id"


def test_a_snapshot_that_neither_copy_nor_history_gives_fails(home: BatchHome) -> None:
    row = answer(home, fallback="none", model_version=1)
    shutil.rmtree(home.settings.snapshots_dir)
    shutil.rmtree(home.settings.features_dir)
    told = replay_one(home.settings, row["prediction_id"])
    assert verdict_of(told) == ("failed", "inputs")
    assert "cannot be built again" in told.reason


def test_a_damaged_file_of_a_table_is_told_and_the_other_predictions_go_on(home: BatchHome) -> None:
    flipped = next((home.settings.predictions_dir / "churn").rglob("model_version=2/*.parquet"))
    content = bytearray(flipped.read_bytes())
    content[4:400] = bytes(396)
    flipped.write_bytes(content)
    report = replay_many(home.settings, EVERYTHING)
    assert not report.is_sound
    assert len(report.unreadable) == 1
    assert report.exact == report.predictions


def test_the_report_names_the_release_and_each_exception_with_examples(home: BatchHome) -> None:
    row = batch_row(home)
    change_row(home.settings.predictions_dir / "churn", row["prediction_id"], next_bit("score"))
    report = replay_many(home.settings, EVERYTHING)
    page = as_markdown(report)
    assert (report.failed, report.exceptions[0].count) == (1, 1)
    assert f"| 1 | churn | failed | score: another value | {row['prediction_id']} |" in page
    assert f"| churn | batch | {row['release_id']} | 119 | 0 | 1 |" in page


def test_rows_that_an_earlier_version_wrote_are_exact_by_what_they_hold(home: BatchHome) -> None:
    def forget(row: dict[str, Any]) -> None:
        row.update(dict.fromkeys(("engine", "device", "matrix_digest", "model_output")))

    told = change_batch(home, batch_row(home), forget)
    outcomes = {stage.stage: stage.outcome for stage in told.stages}
    assert told.verdict == "exact"
    assert (outcomes["matrix"], outcomes["model_output"], outcomes["score"]) == (
        "not_recorded",
        "not_recorded",
        "equal",
    )


def test_a_score_of_a_gpu_may_differ_in_its_last_bits_and_is_explained(home: BatchHome) -> None:
    def on_gpu(row: dict[str, Any]) -> None:
        row.update(engine="nvforest", device="gpu", model_output=row["model_output"] * (1 + 2**-50))
        row["score"] *= 1 + 2**-50

    told = change_batch(home, batch_row(home), on_gpu)
    assert verdict_of(told) == ("explained", "model_output")
    assert "scored by nvforest on gpu" in told.reason


def test_a_score_of_a_gpu_that_differs_by_more_than_its_engine_may_fails(home: BatchHome) -> None:
    def on_gpu(row: dict[str, Any]) -> None:
        row.update(engine="nvforest", device="gpu", score=row["score"] * (1 + 1e-9))

    assert verdict_of(change_batch(home, batch_row(home), on_gpu)) == ("failed", "score")


def test_a_cpu_engine_is_no_explanation_for_another_bit(home: BatchHome) -> None:
    def other_engine(row: dict[str, Any]) -> None:
        row.update(engine="lightgbm", score=row["score"] * (1 + 2**-52))

    assert verdict_of(change_batch(home, batch_row(home), other_engine)) == ("failed", "score")


def test_every_batch_row_names_an_input_that_the_manifest_knows(sound: BatchHome) -> None:
    row = batch_row(sound, version=3)
    digest = row["input_artifact"].split("@")[1]
    assert row["input_artifact"] == artifact_id("batch_input", "churn", digest)


def command(home: BatchHome, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setenv("PLATFORM_HOME", str(home.settings.home))
    monkeypatch.setenv("REDIS_URL", home.settings.online_url)
    return run(["replay", *words])


def test_the_command_replays_one_prediction_and_shows_its_stages(
    sound: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction_id = batch_row(sound)["prediction_id"]
    assert command(sound, monkeypatch, prediction_id) == 0
    shown = capsys.readouterr().out
    assert "exact" in shown
    assert "model_output" in shown
    assert command(sound, monkeypatch, prediction_id, "--json") == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=Replayed).verdict == "exact"


def test_the_command_replays_many_and_writes_the_report(
    sound: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command(sound, monkeypatch, "--sample", "14", "--to", str(tmp_path / "replays" / "report")) == 0
    page = (tmp_path / "replays" / "report.md").read_text()
    assert page in capsys.readouterr().out
    assert "14 predictions: 100 % exact" in page
    report = msgspec.json.decode((tmp_path / "replays" / "report.json").read_bytes(), type=Report)
    assert report.exact == 14


def test_the_command_ends_with_a_problem_where_a_prediction_fails(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = batch_row(home)
    change_row(home.settings.predictions_dir / "churn", row["prediction_id"], next_bit("score"))
    assert command(home, monkeypatch, row["prediction_id"]) == 1
    assert command(home, monkeypatch, "--all", "--product", "churn") == 1
    assert "score: another value" in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("a", "b"), ("--all", "x"), ("--batch", "churn"), ("--all", "--training")])
def test_words_that_do_not_say_what_to_replay_are_wrong_usage(
    sound: BatchHome, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert command(sound, monkeypatch, *words) == 2


def test_the_command_replays_the_batch_of_a_day(
    sound: BatchHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(sound, monkeypatch, "--batch", "churn", "2011-12-10", "--json") == 0
    told = msgspec.json.decode(capsys.readouterr().out, type=BatchReplay)
    assert (told.is_exact, told.rows) == (True, 120)
