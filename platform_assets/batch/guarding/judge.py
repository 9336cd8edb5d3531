"""Runs every guardrail over the evidence of one batch: all of them, so that a refusal tells all its reasons."""

from platform_assets.batch.guarding import contents, jumps, mean_level, population, repetition, shift
from platform_assets.batch.guarding.comparison import Guardrail
from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.batch.guarding.result import GuardrailResult, unjudged
from platform_assets.contract.guardrails import GUARDRAILS, GuardrailName

_JUDGES: dict[GuardrailName, Guardrail] = {
    "schema": contents.schema,
    "identity": contents.identity,
    "value_range": contents.value_range,
    "null_ratio": contents.null_ratio,
    "row_count": population.row_count,
    "row_count_change": population.row_count_change,
    "coverage": population.coverage,
    "foreign_rows": population.foreign_rows,
    "unique_rows": contents.unique_rows,
    "same_score": repetition.same_score,
    "fewer_scores": repetition.fewer_scores,
    "psi_from_last": shift.from_last("psi"),
    "ks_from_last": shift.from_last("ks"),
    "quantiles_from_last": shift.from_last("quantiles"),
    "psi_from_training": shift.from_training("psi"),
    "ks_from_training": shift.from_training("ks"),
    "quantiles_from_training": shift.from_training("quantiles"),
    "score_jumps": jumps.score_jumps,
    "unmoved_scores": jumps.unmoved_scores,
    "new_entities": population.new_entities,
    "lost_entities": population.lost_entities,
    "mean_score": mean_level.mean_score,
    "calibration": mean_level.calibration,
}


def judge_batch(evidence: Evidence) -> list[GuardrailResult]:
    """Return one verdict per guardrail, in the order of their names in the contract."""
    return [_judge(name, evidence) for name in GUARDRAILS]


def _judge(name: GuardrailName, evidence: Evidence) -> GuardrailResult:
    reason = evidence.product.guardrails.off_reason(name)
    return _JUDGES[name](evidence) if reason is None else unjudged(name, "switched off", reason)
