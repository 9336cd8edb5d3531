"""The gates between two steps: each passes, waits for more, or has failed, and says so with its numbers.

A gate has failed when its breach is shown, by a bound that holds however often it is looked at. It waits while the
observed figure is on the wrong side, and the error rate until it is shown to be on the right one.
"""

from collections.abc import Callable, Iterator

from platform_assets.contract.rollout import Gates, Step
from platform_assets.experiments.drift import score_drift
from platform_assets.experiments.evidence import Evidence, Finding, State
from platform_assets.experiments.limits import P99_PART, is_slow
from platform_assets.experiments.rates import (
    Arm,
    Pair,
    is_drop_above,
    is_rate_above,
    is_rate_below,
    is_ratio_above,
    rate_interval,
)

# One error more than the control would have had is never held against a release.
_FORGIVEN = 1
_SHADOW_TIE = 1.0  # a copy for each answer

Gate = Callable[[Gates, Step, Evidence, float], Iterator[Finding]]


def judge_gates(gates: Gates, step: Step, evidence: Evidence) -> tuple[Finding, ...]:
    """Return what every gate finds; all together fail a release that keeps them with at most `gates.alpha`."""
    if evidence.candidate.answers < gates.min_answers:
        told = f"{evidence.candidate.answers:,} answers of {gates.min_answers:,} that are needed"
        return (Finding("sample", "waiting", told),)
    alpha = gates.alpha / _TESTS
    return tuple(finding for gate in _GATES for finding in gate(gates, step, evidence, alpha))


def _error_rate(gates: Gates, _: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    seen, limit = evidence.candidate, gates.max_error_rate
    arm = Arm(seen.answers, seen.errors)
    low, high = rate_interval(arm, alpha)
    told = f"error rate {seen.errors / seen.answers:.3%}, surely within {low:.3%} and {high:.3%}; at most {limit:.2%}"
    failed, passed = is_rate_above(arm, limit, alpha), is_rate_below(arm, limit, alpha)
    yield Finding("error_rate", "failed" if failed else "passed" if passed else "waiting", told)


def _error_ratio(gates: Gates, step: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    seen, control, ratio = evidence.candidate, evidence.control, gates.max_error_ratio
    if control.answers < gates.min_answers:
        yield _control_is_silent("error_ratio", evidence)
        return
    rate = control.errors / control.answers
    told = (
        f"{seen.errors / seen.answers:.3%} of answers failed, {rate:.3%} of the control's; at most {ratio:g} times it"
    )
    pair = Pair(Arm(control.answers, control.errors), Arm(seen.answers, seen.errors), _tie(step) * ratio)
    waiting = seen.errors - _FORGIVEN > ratio * rate * seen.answers
    yield Finding("error_ratio", _state(failed=is_ratio_above(pair, ratio, alpha), waiting=waiting), told)


def _latency(gates: Gates, _: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    latency = evidence.candidate.latency_ms
    p99, slow = latency.quantile(1.0 - P99_PART), latency.count_above(gates.p99_ms)
    if p99 is None:
        yield Finding("latency", "waiting", "no answer was timed")
        return
    told = f"p99 {p99:.1f} ms, {slow:,} of {latency.total:,} answers above {gates.p99_ms:g} ms, the limit of the p99"
    failed = is_slow(evidence.candidate, gates.p99_ms, alpha)
    yield Finding("latency", _state(failed=failed, waiting=slow > P99_PART * latency.total), told)


def _drift(gates: Gates, _: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    control, seen = evidence.control.scores, evidence.candidate.scores
    drift = score_drift(control, seen, alpha)
    if drift is None or min(control.total, seen.total) < gates.min_answers:
        told = f"{seen.total:,} scores and {control.total:,} of the control; {gates.min_answers:,} of each are needed"
        yield Finding("drift", "waiting", told)
        return
    limit = gates.max_score_drift
    told = f"scores are {drift.observed:.3f} from the control's, surely {drift.at_least:.3f}; at most {limit:g}"
    yield Finding("drift", _state(failed=drift.at_least > limit, waiting=drift.observed > limit), told)


def _accuracy(gates: Gates, _: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    seen, least = evidence.candidate, gates.min_accuracy
    if seen.labels < gates.min_labels:
        yield Finding("accuracy", "not_judged", f"{seen.labels:,} labels of {gates.min_labels:,} that are needed")
        return
    arm, observed = Arm(seen.labels, seen.right), seen.right / seen.labels
    if least is not None:
        told = f"accuracy {observed:.2%} on {seen.labels:,} labels; at least {least:.2%}"
        failed = is_rate_below(arm, least, alpha)
        yield Finding("accuracy", _state(failed=failed, waiting=observed < least), told)


def _accuracy_drop(gates: Gates, step: Step, evidence: Evidence, alpha: float) -> Iterator[Finding]:
    seen, control, most = evidence.candidate, evidence.control, gates.max_accuracy_drop
    if min(seen.labels, control.labels) < gates.min_labels:
        return
    drop = control.right / control.labels - seen.right / seen.labels
    told = f"accuracy is {drop:.2%} below the control's; at most {most:.2%}"
    pair = Pair(Arm(control.labels, control.right), Arm(seen.labels, seen.right), _tie(step))
    yield Finding("accuracy_drop", _state(failed=is_drop_above(pair, most, alpha), waiting=drop > most), told)


_GATES: tuple[Gate, ...] = (_error_rate, _error_ratio, _latency, _drift, _accuracy, _accuracy_drop)
_TESTS = len(_GATES)


def _state(*, failed: bool, waiting: bool) -> State:
    return "failed" if failed else "waiting" if waiting else "passed"


def _tie(step: Step) -> float:
    """Return the share of the candidate over the control's."""
    return step.share / (1.0 - step.share) if 0.0 < step.share < 1.0 else _SHADOW_TIE


def _control_is_silent(gate: str, evidence: Evidence) -> Finding:
    return Finding(gate, "waiting", f"{evidence.control.answers:,} answers of the control are too few to compare with")
