"""Damage of bundles, inputs, tables and the log shows at the stage where it lies."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platform_assets.audit.replay.replay import replay_many, replay_one
from platform_assets.audit.replay.selection import Wanted
from platform_assets.lakehouse.read import read_table
from tests.integration.replay_records import (
    Change,
    answer,
    batch_row,
    change_answer,
    change_batch,
    change_row,
    flip_byte,
    next_bit,
    setting,
    verdict_of,
)
from tests.unit.batch.batch_home import AS_OF, BatchHome

EVERYTHING = Wanted(["churn"])


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
def test_a_changed_value_of_a_batch_row_is_found_at_its_stage(damaged: BatchHome, change: Change, stage: str) -> None:
    assert verdict_of(change_batch(damaged, batch_row(damaged), change)) == ("failed", stage)


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
def test_a_changed_value_of_a_logged_answer_is_found_at_its_stage(
    damaged: BatchHome, change: Change, stage: str
) -> None:
    row = answer(damaged, fallback="none", cache_hit=False, model_version=1, entity_id="105")
    assert verdict_of(change_answer(damaged, row, change)) == ("failed", stage)


def test_a_changed_feature_of_a_logged_answer_differs_from_its_snapshot(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", cache_hit=True)
    changed = [*row["features"][:3], row["features"][3] + 1e-9, *row["features"][4:]]
    told = change_answer(damaged, row, setting("features", changed))
    assert verdict_of(told) == ("failed", "stored_features")
    assert told.reason.startswith(f"stored_features: {damaged.product.stored_columns[3]} is not what snapshot")


def test_a_changed_bundle_fails_all_that_it_scored_and_nothing_else(damaged: BatchHome) -> None:
    flip_byte(damaged.settings.bundles_dir / "churn" / "2" / "model.txt")
    report = replay_many(damaged.settings, EVERYTHING)
    scored = [one for one in report.releases if one.failed]
    assert {(one.exact, one.failed) for one in scored} == {(0, 120), (0, 58)}
    assert {(one.verdict, one.stage) for one in report.exceptions} == {("failed", "bundle")}
    assert "model.txt has digest" in report.exceptions[0].reason


def test_without_the_file_of_its_release_a_prediction_fails(damaged: BatchHome) -> None:
    row = batch_row(damaged)
    (damaged.settings.releases_dir / "churn" / f"{row['release_id']}.json").unlink()
    assert verdict_of(replay_one(damaged.settings, row["prediction_id"])) == ("failed", "release")


@pytest.mark.parametrize("damage", [flip_byte, Path.unlink], ids=["changed", "gone"])
def test_without_its_input_file_a_batch_row_fails_with_the_reason(
    damaged: BatchHome, damage: Callable[[Path], None]
) -> None:
    row = batch_row(damaged)
    damage(next((damaged.settings.lake_dir / "batch_inputs").rglob("*.parquet")))
    told = replay_one(damaged.settings, row["prediction_id"])
    assert verdict_of(told) == ("failed", "inputs")
    assert row["input_artifact"].split("@")[1] in told.reason


def test_a_fallback_to_a_batch_whose_row_was_changed_fails(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="last_batch")
    taken = read_table(
        damaged.settings.predictions_dir / "churn",
        filters=[("model_version", "=", row["model_version"]), ("row_key", "=", row["entity_id"])],
    ).to_pylist()[0]
    change_row(damaged.settings.predictions_dir / "churn", taken["prediction_id"], next_bit("score"))
    assert verdict_of(replay_one(damaged.settings, row["prediction_id"])) == ("failed", "inputs")


def test_a_snapshot_whose_copy_is_gone_is_built_again_from_the_history(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    shutil.rmtree(damaged.settings.snapshots_dir)
    told = replay_one(damaged.settings, row["prediction_id"])
    assert told.verdict == "exact"
    assert told.stages[1].note == f"those of snapshot {row['snapshot_id']}, whose content has that id"


def test_a_snapshot_that_neither_copy_nor_history_gives_fails(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    shutil.rmtree(damaged.settings.snapshots_dir)
    shutil.rmtree(damaged.settings.features_dir)
    told = replay_one(damaged.settings, row["prediction_id"])
    assert verdict_of(told) == ("failed", "inputs")
    assert "cannot be built again" in told.reason


def test_a_damaged_file_of_a_table_is_told_and_the_other_predictions_go_on(damaged: BatchHome) -> None:
    flipped = next((damaged.settings.predictions_dir / "churn").rglob("model_version=2/*.parquet"))
    content = bytearray(flipped.read_bytes())
    content[4:400] = bytes(396)
    flipped.write_bytes(content)
    report = replay_many(damaged.settings, EVERYTHING)
    assert not report.is_sound
    assert len(report.unreadable) == 1
    assert report.exact == report.predictions


def test_rows_that_an_earlier_version_wrote_are_exact_by_what_they_hold(damaged: BatchHome) -> None:
    def forget(row: dict[str, Any]) -> None:
        row.update(dict.fromkeys(("engine", "device", "matrix_digest", "model_output")))

    told = change_batch(damaged, batch_row(damaged), forget)
    outcomes = {stage.stage: stage.outcome for stage in told.stages}
    assert told.verdict == "exact"
    assert (outcomes["matrix"], outcomes["model_output"], outcomes["score"]) == (
        "not_recorded",
        "not_recorded",
        "equal",
    )


def test_a_score_of_a_gpu_may_differ_in_its_last_bits_and_is_explained(damaged: BatchHome) -> None:
    def on_gpu(row: dict[str, Any]) -> None:
        row.update(engine="nvforest", device="gpu", model_output=row["model_output"] * (1 + 2**-50))
        row["score"] *= 1 + 2**-50

    told = change_batch(damaged, batch_row(damaged), on_gpu)
    assert verdict_of(told) == ("explained", "model_output")
    assert "scored by nvforest on gpu" in told.reason


def test_a_score_of_a_gpu_that_differs_by_more_than_its_engine_may_fails(damaged: BatchHome) -> None:
    def on_gpu(row: dict[str, Any]) -> None:
        row.update(engine="nvforest", device="gpu", score=row["score"] * (1 + 1e-9))

    assert verdict_of(change_batch(damaged, batch_row(damaged), on_gpu)) == ("failed", "score")


def test_a_cpu_engine_is_no_explanation_for_another_bit(damaged: BatchHome) -> None:
    def other_engine(row: dict[str, Any]) -> None:
        row.update(engine="lightgbm", score=row["score"] * (1 + 2**-52))

    assert verdict_of(change_batch(damaged, batch_row(damaged), other_engine)) == ("failed", "score")
