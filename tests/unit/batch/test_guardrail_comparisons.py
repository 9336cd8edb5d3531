"""When a batch is compared, with what, and how a difference is weighed; what is not judged says so."""

import datetime as dt
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from platform_assets.batch.guarding.evidence import Evidence, Matured, ScoredRows
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.guarding.result import GuardrailResult
from platform_assets.contract.guardrails import GUARDRAILS, GuardrailName, Limit, SwitchedOff
from platform_assets.contract.product import Product
from platform_assets.statistics.distances import Floats
from tests.unit.batch.guard_samples import AS_OF, every_guardrail_on, sound_evidence
from tests.unit.batch.poison_scores import moved, spoiled, with_scores
from tests.unit.serving.conftest import product_named

CHURN = every_guardrail_on(product_named("churn"))
SOUND = sound_evidence(CHURN)
SHIFTED = replace(SOUND, table=spoiled(SOUND, moved(0.5)))
FROM_LAST = {"psi_from_last", "ks_from_last", "quantiles_from_last", "score_jumps"}


def verdicts(evidence: Evidence) -> dict[GuardrailName, GuardrailResult]:
    return {result.guardrail: result for result in judge_batch(evidence)}


def with_guardrails(product: Product, **changed: object) -> Product:
    return msgspec.structs.replace(product, guardrails=msgspec.structs.replace(product.guardrails, **changed))


def test_every_guardrail_gives_one_verdict_with_its_numbers() -> None:
    results = judge_batch(SOUND)
    assert tuple(result.guardrail for result in results) == GUARDRAILS
    judged = [result for result in results if result.unjudged is None]
    assert all(result.value is not None and result.numbers for result in judged)
    assert {result.guardrail for result in results} - {result.guardrail for result in judged} == {"calibration"}


def test_a_shift_from_the_last_batch_tells_value_levels_chance_and_sample_sizes() -> None:
    result = verdicts(SHIFTED)["ks_from_last"]
    assert result.level == "fail"
    assert result.value is not None
    assert result.fail is not None
    assert result.value > result.fail == pytest.approx(0.2 + result.numbers["chance"])
    assert (result.numbers["scores"], result.numbers["compared_scores"]) == (2000.0, 2000.0)
    assert set(result.samples) == {"this batch", "compared with"}


def test_a_batch_without_predecessor_and_reference_passes_and_says_that_it_was_not_compared() -> None:
    results = verdicts(replace(SHIFTED, last=None, reference=None))
    assert all(result.is_passed for result in results.values())
    for name in (*FROM_LAST, "psi_from_training", "mean_score", "new_entities", "row_count_change"):
        assert results[name].unjudged == "nothing to compare with yet"  # type: ignore[index]


def test_a_shift_from_a_batch_of_another_model_version_warns_and_says_why() -> None:
    assert SHIFTED.last is not None
    results = verdicts(replace(SHIFTED, last=replace(SHIFTED.last, model_version=7)))
    assert {name for name in FROM_LAST if results[name].level == "warn"} == FROM_LAST  # type: ignore[index]
    assert "of model version 7" in results["ks_from_last"].found
    assert not results["psi_from_training"].is_passed


def test_a_shift_from_a_batch_far_back_warns_unless_the_season_is_declared_so() -> None:
    assert SHIFTED.last is not None
    far = replace(SHIFTED, last=replace(SHIFTED.last, as_of=AS_OF - dt.timedelta(days=28)))
    assert verdicts(far)["ks_from_last"].level == "warn"
    assert "28 days older" in verdicts(far)["ks_from_last"].found
    seasonal = replace(far, product=with_guardrails(CHURN, season_days=28))
    assert verdicts(seasonal)["ks_from_last"].level == "fail"


def test_a_guardrail_that_is_switched_off_passes_and_tells_the_reason() -> None:
    off = tuple(SwitchedOff(guardrail=name, reason="tried without") for name in GUARDRAILS)
    results = judge_batch(replace(SHIFTED, product=with_guardrails(CHURN, off=off)))
    assert {(result.level, result.found) for result in results} == {("pass", "switched off: tried without")}


def test_a_declared_level_takes_the_place_of_the_default_one() -> None:
    limits = (Limit(guardrail="ks_from_last", warn=0.01, fail=0.9),)
    assert verdicts(replace(SHIFTED, product=with_guardrails(CHURN, limits=limits)))["ks_from_last"].level == "warn"


def test_a_few_rows_are_not_called_a_distribution() -> None:
    results = verdicts(sound_evidence(with_guardrails(CHURN, min_rows=3), size=10))
    assert {name for name, result in results.items() if result.unjudged == "too few rows to compare"} == {
        *FROM_LAST,
        "same_score",
        "fewer_scores",
        "psi_from_training",
        "ks_from_training",
        "quantiles_from_training",
        "unmoved_scores",
        "mean_score",
    }


def test_a_value_that_is_no_number_is_refused() -> None:
    broken = replace(SOUND, table=spoiled(SOUND, lambda sound: np.full(len(sound.scores), np.inf)))
    assert not verdicts(broken)["value_range"].is_passed


def test_two_slots_of_one_entity_are_compared_with_their_own_slots_of_last_time() -> None:
    parking = sound_evidence(every_guardrail_on(product_named("parking_demand")))
    moves = verdicts(parking)["score_jumps"]
    assert moves.numbers["compared"] == 2000.0
    assert moves.level == "pass"


def matured(scores: Floats, labels: Floats) -> Evidence:
    return replace(SOUND, matured=Matured(AS_OF - dt.timedelta(days=90), scores, labels))


def test_scores_that_came_true_are_calibrated_and_others_warn_but_refuse_nothing() -> None:
    random = np.random.default_rng(4)
    scores = random.beta(2.0, 3.0, 4000)
    labels = (random.random(4000) < scores).astype(np.float64)
    assert verdicts(matured(scores, labels))["calibration"].level == "pass"
    result = verdicts(matured(np.clip(scores + 0.3, 0.0, 1.0), labels))["calibration"]
    assert result.level == "warn"
    assert result.numbers["mean_label"] == pytest.approx(labels.mean())


def test_a_reason_is_plain_data_even_when_a_number_is_without_end() -> None:
    last = SOUND.last
    assert last is not None
    flat = replace(last, rows=ScoredRows(with_scores(replace(SOUND, table=last.rows.rows), np.full(2000, 0.5))))
    result = verdicts(replace(SOUND, last=flat))["quantiles_from_last"]
    assert result.value == float("inf")
    reason = result.as_reason()
    assert msgspec.json.decode(msgspec.json.encode(reason)) == reason
    assert reason["value"] is None
    assert reason["level"] == "fail"
