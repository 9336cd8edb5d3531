"""When two batches may be compared, and how much a difference between them means."""

import dataclasses
from collections.abc import Callable
from functools import wraps

from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, unjudged
from platform_assets.contract.guardrails import GuardrailName

LEAST_ROWS = 20  # of either side; fewer say nothing about a distribution
_HOURS_PER_DAY = 24.0
_Comparison = Callable[[Evidence, LastBatch], GuardrailResult]
Guardrail = Callable[[Evidence], GuardrailResult]


def against_last(guardrail: GuardrailName) -> Callable[[_Comparison], Guardrail]:
    """Let a comparison pass, saying so, while there is no batch to compare with; otherwise weigh its verdict.

    A batch of another model version, or one that lies more than twice the promised age back, differs for good
    reasons: a difference from it warns and does not refuse.
    """

    def wrap(compare: _Comparison) -> Guardrail:
        @wraps(compare)
        def judge(evidence: Evidence) -> GuardrailResult:
            if evidence.last is None:
                return unjudged(guardrail, "nothing to compare with yet", "no earlier batch is published")
            return _weighed(compare(evidence, evidence.last), evidence, evidence.last)

        return judge

    return wrap


def _weighed(result: GuardrailResult, evidence: Evidence, last: LastBatch) -> GuardrailResult:
    days = evidence.days_since_last
    numbers = {**result.numbers, "days_since_last": days, "last_model_version": float(last.model_version)}
    told = dataclasses.replace(result, numbers=numbers)
    reason = _poor_yardstick(evidence, last)
    if result.level != "fail" or reason is None:
        return told
    return dataclasses.replace(told, level="warn", found=f"{result.found}; not refused, because {reason}")


def _poor_yardstick(evidence: Evidence, last: LastBatch) -> str | None:
    if last.model_version != evidence.model_version:
        return f"the batch before is of model version {last.model_version}"
    if evidence.days_since_last * _HOURS_PER_DAY > 2 * evidence.product.batch.freshness.max_age_hours:
        return f"the batch before is {evidence.days_since_last:g} days older"
    return None
