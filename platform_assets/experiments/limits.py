"""Hard limits: what ends a rollout at once, cheap enough to ask after every answer."""

from collections.abc import Iterator

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.experiments.evidence import Evidence, Finding
from platform_assets.experiments.rates import Arm, is_rate_above
from platform_assets.experiments.summary import Summary

# A p99 is above a limit when more than this part of all answers is.
P99_PART = 0.01


def hard_breaches(plan: RolloutPlan, evidence: Evidence) -> tuple[Finding, ...]:
    """Return every broken hard limit, by the whole step or by its last minutes alone."""
    return tuple(_breaches(plan, evidence))


def _breaches(plan: RolloutPlan, evidence: Evidence) -> Iterator[Finding]:
    if evidence.out_of_memory:
        yield Finding("memory", "failed", f"memory ran out {evidence.out_of_memory} times")
    for span, seen in (("this step", evidence.candidate), ("the last minutes", evidence.recent)):
        if is_failing(plan, seen):
            rate = f"{seen.errors / seen.answers:.2%} ({seen.errors:,} of {seen.answers:,})"
            told = f"{rate} of the answers of {span} failed, above the hard limit of {plan.hard.max_error_rate:.2%}"
            yield Finding("errors", "failed", told)
        timed_enough = seen.latency_ms.total >= plan.hard.min_timed
        if timed_enough and is_slow(seen, plan.hard.p99_ms, plan.hard.alpha):
            slow, limit = seen.latency_ms.count_above(plan.hard.p99_ms), plan.hard.p99_ms
            told = f"{slow:,} of {seen.latency_ms.total:,} answers of {span} took longer than {limit:g} ms"
            yield Finding("latency", "failed", f"{told}, the hard limit of the p99")


def is_failing(plan: RolloutPlan, seen: Summary) -> bool:
    """Return whether the error rate is above the hard limit, over enough answers or beyond what chance explains."""
    if not seen.errors or seen.errors <= plan.hard.max_error_rate * seen.answers:
        return False
    if seen.answers >= plan.hard.min_answers:
        return True
    return is_rate_above(Arm(seen.answers, seen.errors), plan.gates.max_error_rate, plan.hard.alpha)


def is_slow(seen: Summary, p99_ms: float, alpha: float) -> bool:
    """Return whether the p99 is shown to be above a limit."""
    slow = seen.latency_ms.count_above(p99_ms)
    return slow > 0 and is_rate_above(Arm(seen.latency_ms.total, slow), P99_PART, alpha)
