"""What an endpoint holds against a variant at once, from its own answers; labels and values are for those who wait."""

from collections.abc import Iterator, Mapping

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.limits import hard_breaches
from platform_assets.experiments.rates import Arm, Pair, is_ratio_above, is_rise_above
from platform_assets.experiments.summary import Summary
from platform_assets.rollouts.experiments_course import ExperimentRecord


def harm_told(record: ExperimentRecord, plan: RolloutPlan, seen: Mapping[str, Summary]) -> str | None:
    """Return what is shown against a variant, in words with the numbers; None without harm.

    A variant may break no hard limit of the product's rollouts, may not fail more often than the gates' multiple of
    the control, and may not fail by more than the margin more often where the error rate is compared. It costs a few
    milliseconds at most: a verdict with its interval would cost the calls that wait meanwhile a hundred.
    """
    return "; ".join(_findings(record, plan, seen)) or None


def breach_told(record: ExperimentRecord, plan: RolloutPlan, variant: str, seen: Mapping[str, Summary]) -> str | None:
    """Return the hard limits that one variant breaks: cheap enough to ask after every answer that could."""
    return "; ".join(_breaches(record, plan, variant, seen)) or None


def _findings(record: ExperimentRecord, plan: RolloutPlan, seen: Mapping[str, Summary]) -> Iterator[str]:
    experiment = record.experiment
    control = seen.get(experiment.control.name, Summary())
    for variant in experiment.treatments:
        found = seen.get(variant.name, Summary())
        yield from _breaches(record, plan, variant.name, seen)
        if not (found.errors and min(control.answers, found.answers) >= experiment.min_units):
            continue
        arms = Arm(control.answers, control.errors), Arm(found.answers, found.errors)
        tie = variant.share / experiment.control.share if variant.share and experiment.control.share else 1.0
        rates = f"{found.errors / found.answers:.2%} against {control.errors / control.answers:.2%} of the control"
        ratio = plan.gates.max_error_ratio
        if is_ratio_above(Pair(*arms, tie * ratio), ratio, plan.gates.alpha / len(experiment.treatments)):
            yield f"{variant.name} fails more than {ratio:g} times as often: {rates}"
        for metric in experiment.metrics:
            if metric.name == "error_rate" and is_rise_above(Pair(*arms, tie), metric.margin, experiment.alpha_each):
                yield f"{variant.name} is worse in error_rate: {rates}"


def _breaches(record: ExperimentRecord, plan: RolloutPlan, variant: str, seen: Mapping[str, Summary]) -> Iterator[str]:
    since = record.changes[-1].at
    evidence = Evidence(
        rollout_since=since,
        step_since=since,
        candidate=seen.get(variant, Summary()),
        control=seen.get(record.experiment.control.name, Summary()),
    )
    for breach in hard_breaches(plan, evidence):
        yield f"{variant}: {breach.told}"
