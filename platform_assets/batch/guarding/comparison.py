"""When two batches may be compared, and how much a difference between them means."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from functools import wraps

from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, unjudged
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.contract.product import Product

LEAST_ROWS = 20  # of either side; fewer say nothing about a distribution
SEASONS = 4  # so many back there may be the batch to compare with
_PROMISES = 2  # so many times the promised age a batch may be older than the next
_HOURS_PER_DAY = 24.0
_Comparison = Callable[[Evidence, LastBatch], GuardrailResult]
Guardrail = Callable[[Evidence], GuardrailResult]


def against_last(guardrail: GuardrailName) -> Callable[[_Comparison], Guardrail]:
    """Let a comparison pass, saying so, while there is no batch to compare with; otherwise weigh its verdict.

    A batch of another model version, one that lies too far back, or one of another place in the declared season
    differs for good reasons: a difference from it warns and does not refuse.
    """

    def wrap(compare: _Comparison) -> Guardrail:
        @wraps(compare)
        def judge(evidence: Evidence) -> GuardrailResult:
            if evidence.last is None:
                return unjudged(guardrail, "nothing to compare with yet", "no earlier batch is published")
            return _weighed(compare(evidence, evidence.last), evidence, evidence.last)

        return judge

    return wrap


def seasons_before(product: Product, as_of: dt.datetime) -> list[dt.datetime]:
    """Return the as-ofs at the same place in the declared season, the newest first; none without a season."""
    days = product.guardrails.season_days
    return [as_of - back * dt.timedelta(days=days) for back in range(1, SEASONS + 1)] if days is not None else []


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
    days, season = evidence.days_since_last, evidence.product.guardrails.season_days
    if season is not None:
        is_same = days % season == 0 and days <= SEASONS * season
        return None if is_same else f"the batch before is {days:g} days older, the season has {season}"
    longest = _PROMISES * evidence.product.batch.freshness.max_age_hours / _HOURS_PER_DAY
    return f"the batch before is {days:g} days older" if days > longest else None
