"""What the endpoint used and answered is what the offline path gives, and every difference is counted."""

import datetime as dt
from dataclasses import replace

import dagster as dg
import msgspec
import pytest

from platform_assets.audit.parity import proof as proofs
from platform_assets.audit.parity.counts import ParityCount, allowed_features, count_feature
from platform_assets.audit.parity.history import as_markdown, keep_proof, past_proofs
from platform_assets.audit.parity.proof import ParityProof, prove_parity
from platform_assets.audit.replay.selection import Group, Wanted, choose
from platform_assets.contract.online import Approximation
from platform_assets.orchestration import audit_assets as audits
from platform_assets.orchestration.audit_assets import audit_assets
from platform_assets.settings import Settings
from tests.integration.replay_records import answer, answers, change_row, flip_byte, next_bit, setting
from tests.unit.batch.batch_home import WALL, BatchHome, facts
from tests.unit.serving.conftest import product_named

FEATURE = 5


def by_subject(proof: ParityProof) -> dict[str, ParityCount]:
    return {count.subject: count for count in proof.counts}


def change_feature(home: BatchHome, value: float, **wanted: object) -> str:
    row = answer(home, fallback="none", **wanted)
    changed = [*row["features"][:FEATURE], value, *row["features"][FEATURE + 1 :]]
    change_row(home.settings.prediction_log_dir, row["prediction_id"], setting("features", changed))
    return home.product.stored_columns[FEATURE]


def test_every_logged_feature_and_score_is_what_the_offline_path_gives(replayable: BatchHome) -> None:
    proof = prove_parity(replayable.settings, replayable.product)
    read = [row for row in answers(replayable, fallback="none") if row["snapshot_id"] is not None]
    assert (proof.answers, proof.unexplained, proof.skipped) == (len(read), 0, 0)
    assert [count.subject for count in proof.counts] == [*replayable.product.stored_columns, "score"]
    assert by_subject(proof)["score"].match == len(read)


def test_what_the_caller_sent_is_counted_as_sent_and_compared_with_nothing(replayable: BatchHome) -> None:
    sent = {count.subject: count.sent for count in prove_parity(replayable.settings, replayable.product).counts}
    n_rows = len([row for row in answers(replayable, fallback="none") if row["sent"]])
    assert n_rows > 0
    assert sent[replayable.product.stored_columns[4]] == n_rows
    assert sent[replayable.product.stored_columns[0]] == 0


@pytest.mark.parametrize(("value", "kind"), [(123.5, "mismatch"), (float("nan"), "missing")])
def test_a_feature_that_differs_is_counted_by_its_kind(damaged: BatchHome, value: float, kind: str) -> None:
    feature = change_feature(damaged, value, model_version=1)
    proof = prove_parity(damaged.settings, damaged.product)
    assert getattr(by_subject(proof)[feature], kind) == 1
    assert proof.unexplained == 1


def test_a_value_that_only_the_endpoint_had_is_extra(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    change_row(damaged.settings.prediction_log_dir, row["prediction_id"], setting("row_keys", '{"customer_id":"900"}'))
    told = by_subject(prove_parity(damaged.settings, damaged.product))
    assert {told[name].extra for name in damaged.product.stored_columns} == {1}


def test_a_score_that_does_not_follow_from_its_features_is_a_mismatch(damaged: BatchHome) -> None:
    row = answer(damaged, fallback="none", model_version=1)
    change_row(damaged.settings.prediction_log_dir, row["prediction_id"], next_bit("score"))
    told = by_subject(prove_parity(damaged.settings, damaged.product))
    assert told["score"].mismatch == 1


def test_a_feature_of_a_declared_approximation_may_differ_and_is_counted_apart() -> None:
    product = product_named("churn")
    assert product.online is not None
    online = msgspec.structs.replace(
        product.online, approximations=(Approximation(view="customer_orders", why="They move little."),)
    )
    assert allowed_features(product) == frozenset()
    assert "order_count" in allowed_features(msgspec.structs.replace(product, online=online))
    told = count_feature("order_count", [1.0, 2.0, 3.0], [1.0, 5.0, 6.0], [None, None, "sent"], is_allowed=True)
    assert (told.match, told.allowed, told.sent, told.unexplained) == (1, 1, 1, 0)


def test_answers_of_a_release_that_cannot_be_loaded_are_skipped_and_told(damaged: BatchHome) -> None:
    flip_byte(damaged.settings.bundles_dir / "churn" / "2" / "model.txt")
    proof = prove_parity(damaged.settings, damaged.product)
    assert proof.skipped == len(
        [row for row in answers(damaged, fallback="none", model_version=2) if row["snapshot_id"]]
    )
    assert proof.unexplained == 0


def test_proofs_are_kept_once_and_drawn_with_those_before(damaged: BatchHome) -> None:
    settings, proof = damaged.settings, prove_parity(damaged.settings, damaged.product)
    for run_id in ("one", "one", "two"):
        keep_proof(settings, proof, at=WALL, run_id=run_id)
    past = past_proofs(settings, "churn")
    assert [one.answers for one in past] == [proof.answers] * 2
    page = as_markdown(proof, past)
    assert page.count("2026-03-01 09:30") == 2
    assert f"| score | `{'█' * 30}` | {proof.answers} | 0 |" in page


def test_the_assets_tell_the_proofs_as_checks(damaged: BatchHome) -> None:
    parity, replay_audit = audit_assets(damaged.settings, [damaged.product])
    good = dg.materialize([parity, replay_audit], selection=["parity", "replay_audit"])
    assert {each.check_name: each.passed for each in good.get_asset_check_evaluations()} == {
        "churn": True,
        "exact": True,
    }
    change_feature(damaged, 123.5, model_version=1)
    bad = dg.materialize([parity, replay_audit], selection=["parity", "replay_audit"])
    assert {each.check_name: each.passed for each in bad.get_asset_check_evaluations()}["churn"] is False
    assert len(past_proofs(damaged.settings, "churn")) == 2


def test_batches_take_no_share_of_the_sample(replayable: BatchHome) -> None:
    proof = prove_parity(replayable.settings, replayable.product, most=len(answers(replayable)))
    read = [row for row in answers(replayable, fallback="none") if row["snapshot_id"] is not None]
    assert proof.answers == len(read)


def test_the_daily_proof_is_of_the_last_days_and_of_other_answers_each_day(
    replayable: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[set[str]] = []

    def choose_few(settings: Settings, wanted: Wanted) -> list[Group]:
        groups = choose(settings, replace(wanted, sample=20))
        chosen.append({told for group in groups for told in group.ids or ()})
        return groups

    monkeypatch.setattr(proofs, "choose", choose_few)
    answered_at = answer(replayable)["predicted_at"]
    (parity, _) = audit_assets(replayable.settings, [replayable.product])
    for days in (0, 1, 1, 5):
        at = answered_at + dt.timedelta(days=days)
        monkeypatch.setattr(audits, "run_facts", lambda _, at=at: replace(facts(), at=at))
        dg.materialize([parity])
    assert [len(each) for each in chosen] == [20, 20, 20, 0]
    assert chosen[0] != chosen[1] == chosen[2]
