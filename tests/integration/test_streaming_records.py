"""What events gave is in the log as the model used it: replay stays exact, and parity tells it apart."""

import msgspec

from platform_assets.audit.parity.proof import prove_parity
from platform_assets.audit.replay.replay import replay_one
from platform_assets.contract.prediction_log import decode_entry, encode_entry
from tests.integration.replay_records import answer, change_answer, change_row, setting
from tests.unit.batch.batch_home import BatchHome
from tests.unit.serving.test_prediction_log import ENTRY


def test_an_entry_keeps_the_names_of_what_events_gave() -> None:
    entry = msgspec.structs.replace(ENTRY, streamed=["order_count"])
    assert decode_entry(encode_entry(entry)).streamed == ["order_count"]


def test_a_streamed_feature_is_replayed_as_logged_and_the_verdict_says_so(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    name = damaged.product.stored_columns[0]
    told = change_answer(damaged, row, setting("streamed", [name]))
    assert told.verdict == "exact"
    (stage,) = [each for each in told.stages if each.stage == "stored_features"]
    assert "1 streamed since then" in stage.note


def test_a_feature_that_differs_without_being_streamed_is_still_found(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    changed = [row["features"][0] + 1.0, *row["features"][1:]]
    change_row(damaged.settings.prediction_log_dir, row["prediction_id"], setting("features", changed))
    assert replay_one(damaged.settings, row["prediction_id"]).first_difference == "stored_features"
    name = damaged.product.stored_columns[0]
    told = change_answer(damaged, row, setting("streamed", [name]))
    (stage,) = [each for each in told.stages if each.stage == "stored_features"]
    assert stage.outcome == "equal"


def test_parity_counts_a_streamed_value_apart(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    name = damaged.product.stored_columns[0]
    change_row(damaged.settings.prediction_log_dir, row["prediction_id"], setting("streamed", [name]))
    proof = prove_parity(damaged.settings, damaged.product)
    counts = {count.subject: count for count in proof.counts}
    assert (counts[name].streamed, proof.unexplained) == (1, 0)
