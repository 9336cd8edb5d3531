"""What an endpoint holds against a variant at once, from its own answers; labels and values are for those who wait."""

from collections.abc import Iterator, Mapping

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.limits import hard_breaches
from platform_assets.experiments.rates import Arm, Pair, is_ratio_above
from platform_assets.experiments.summary import Summary
from platform_assets.experiments.verdict import verdict
from platform_assets.rollouts.experiments_course import ExperimentRecord


def harm_told(record: ExperimentRecord, plan: RolloutPlan, seen: Mapping[str, Summary]) -> str | None:
    """Return what is shown against a variant, in words with the numbers; None without harm.

    A variant may break no hard limit of the product's rollouts, may not fail more often than the gates' multiple of
    the control, and may not be worse in the error rate where that is compared.
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
        if min(control.answers, found.answers) >= experiment.min_units and variant.share:
            tie = variant.share / (experiment.control.share or 1.0)
            alpha = plan.gates.alpha / len(experiment.treatments)
            yield from _ratio(plan.gates.max_error_ratio, alpha, variant.name, (control, found), tie)
        for metric in experiment.metrics:
            if metric.name == "error_rate":
                told = verdict(experiment, control, found, metric=metric, variant=variant)
                if told.word == "worse" and told.effect is not None:
                    yield f"{variant.name} is worse in error_rate: {told.effect:+.2%}"


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


def _ratio(ratio: float, alpha: float, variant: str, arms: tuple[Summary, Summary], tie: float) -> Iterator[str]:
    control, found = arms
    pair = Pair(Arm(control.answers, control.errors), Arm(found.answers, found.errors), tie * ratio)
    if found.errors and is_ratio_above(pair, ratio, alpha):
        rates = f"{found.errors / found.answers:.2%} against {control.errors / control.answers:.2%} of the control"
        yield f"{variant} fails more than {ratio:g} times as often: {rates}"
