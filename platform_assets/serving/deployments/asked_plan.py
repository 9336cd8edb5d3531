"""The plan of a deployment: the product's own, with the steps that a caller asked for."""

import msgspec

from platform_assets.contract.rollout import RolloutPlan, Step, Strategy

_PARTS = 10_000  # a step that has no name in the plan is named after its share in hundredths of a percent


def asked_plan(plan: RolloutPlan, traffic: float | Strategy | None) -> RolloutPlan:
    """Return a plan with the gates, limits and unit of the product's, that begins with the asked traffic.

    A share goes on with the steps of the plan above it; a share of 1 is all of the traffic at once.
    """
    if traffic is None:
        return plan
    if isinstance(traffic, str):
        wanted = msgspec.structs.replace(plan, strategy=traffic, own_steps=())
    else:
        higher = tuple(step for step in plan.steps if step.share > traffic)
        wanted = msgspec.structs.replace(plan, own_steps=(_first(plan, traffic), *higher))
    planned = sum(step.hours for step in wanted.steps[:-1])
    return msgspec.structs.replace(wanted, within_hours=max(plan.within_hours, planned))


def _first(plan: RolloutPlan, share: float) -> Step:
    """Return the step of that share, or one that lasts as long as the step below it."""
    for step in plan.steps:
        if step.share == share:
            return step
    below = [step for step in plan.steps if step.share < share] or [plan.steps[0]]
    return Step(name=f"at_{round(share * _PARTS)}", share=share, hours=below[-1].hours)
