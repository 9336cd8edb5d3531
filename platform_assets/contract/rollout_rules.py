"""What a rollout plan must satisfy beyond its types: as triples of place, problem and remedy, like a `BrokenRule`."""

import itertools
from collections.abc import Iterator

from platform_assets.contract.rollout import RolloutPlan

Broken = tuple[str, str, str]


def broken_plan_rules(plan: RolloutPlan) -> Iterator[Broken]:
    """Yield every contradiction in a plan: a valid one only ever gives more traffic, and ends with all of it."""
    yield from _step_rules(plan)
    yield from _limit_rules(plan)


def _step_rules(plan: RolloutPlan) -> Iterator[Broken]:
    steps = plan.steps
    for before, step in itertools.pairwise(steps):
        if step.share <= before.share:
            yield (
                f"steps.{step.name}",
                f"its share {step.share:g} is not above {before.share:g} of the step before",
                "Let shares rise, so that nobody is moved back and forth.",
            )
    if steps[-1].share != 1.0:
        yield f"steps.{steps[-1].name}", f"the last share is {steps[-1].share:g}", "End with a share of 1."
    if len({step.name for step in steps}) < len(steps):
        yield "steps", "two have the same name", "Name each step once."
    planned = sum(step.hours for step in steps[:-1])
    if planned > plan.within_hours:
        yield "within_hours", f"the steps alone take {planned:g} h", f"Allow at least {planned:g} hours."


def _limit_rules(plan: RolloutPlan) -> Iterator[Broken]:
    if plan.hard.max_error_rate < plan.gates.max_error_rate:
        yield "hard.max_error_rate", "it is below the gate's", "Roll back at a higher rate than the one that holds."
    if plan.hard.p99_ms < plan.gates.p99_ms:
        yield "hard.p99_ms", "it is below the gate's", "Roll back at a higher latency than the one that holds."
