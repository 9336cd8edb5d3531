"""The plan of a deployment: what was asked for comes first, and the product's own limits stay."""

import pytest

from platform_assets.contract.rollout import BLUE_GREEN, CANARY, HardLimits, RolloutPlan, Step
from platform_assets.contract.rollout_rules import broken_plan_rules
from platform_assets.serving.deployments.asked_plan import asked_plan

PLAN = RolloutPlan(unit="user", hard=HardLimits(p99_ms=300.0))


def test_without_a_wish_the_plan_of_the_product_is_followed() -> None:
    assert asked_plan(PLAN, None) == PLAN


def test_a_share_of_the_plan_is_where_it_begins() -> None:
    plan = asked_plan(PLAN, 0.05)
    assert plan.steps == CANARY[1:]
    assert (plan.unit, plan.hard, plan.gates) == (PLAN.unit, PLAN.hard, PLAN.gates)


def test_a_share_between_two_steps_is_a_step_of_its_own_that_lasts_as_long_as_the_one_below() -> None:
    assert asked_plan(PLAN, 0.1).steps == (Step(name="at_1000", share=0.1, hours=1.0), *CANARY[2:])


def test_a_share_below_the_first_step_comes_before_it_and_the_time_for_all_grows_by_it() -> None:
    own = RolloutPlan(own_steps=(Step(name="half", share=0.5, hours=24.0), Step(name="all", share=1.0, hours=0.0)))
    plan = asked_plan(own, 0.01)
    assert [step.share for step in plan.steps] == [0.01, 0.5, 1.0]
    assert plan.within_hours == 48.0


def test_a_share_of_one_is_all_of_the_traffic_at_once() -> None:
    assert asked_plan(PLAN, 1.0).steps == CANARY[-1:]


def test_a_strategy_replaces_the_steps_that_the_product_declares() -> None:
    own = RolloutPlan(own_steps=(Step(name="half", share=0.5, hours=1.0), Step(name="all", share=1.0, hours=0.0)))
    assert asked_plan(own, "blue_green").steps == BLUE_GREEN


@pytest.mark.parametrize("traffic", [None, 0.0, 0.0001, 0.05, 0.3, 0.999, 1.0, "canary", "blue_green", "instant"])
@pytest.mark.parametrize("within_hours", [0.5, 24.0])
def test_every_wish_gives_a_plan_that_breaks_no_rule(traffic: float | None, within_hours: float) -> None:
    own = (Step(name="half", share=0.5, hours=within_hours), Step(name="all", share=1.0, hours=0.0))
    assert list(broken_plan_rules(asked_plan(RolloutPlan(own_steps=own, within_hours=within_hours), traffic))) == []
