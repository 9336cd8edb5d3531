"""Plans of rollouts: the default that the documents describe, and what no plan may say."""

import msgspec
import pytest

from platform_assets.contract.rollout import BLUE_GREEN, INSTANT, Gates, HardLimits, RolloutPlan, Step
from platform_assets.contract.rollout_rules import broken_plan_rules


def step(name: str, share: float, hours: float = 1.0) -> Step:
    return Step(name=name, share=share, hours=hours)


def test_the_default_goes_from_shadow_over_five_percent_for_an_hour_to_all_within_a_day() -> None:
    plan = RolloutPlan()
    assert [one.share for one in plan.steps] == [0.0, 0.05, 0.2, 0.5, 1.0]
    assert plan.steps[1].hours == 1.0
    assert sum(one.hours for one in plan.steps) <= plan.within_hours == 24.0
    assert plan.keep_old_hours == 7 * 24


def test_blue_green_and_instant_are_plans_of_the_same_kind() -> None:
    assert RolloutPlan(strategy="blue_green").steps == BLUE_GREEN
    assert RolloutPlan(strategy="instant").steps == INSTANT


@pytest.mark.parametrize(
    "plan", [RolloutPlan(), RolloutPlan(strategy="blue_green"), RolloutPlan(strategy="instant")], ids=str
)
def test_every_ready_made_plan_keeps_all_rules(plan: RolloutPlan) -> None:
    assert list(broken_plan_rules(plan)) == []


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    plan = RolloutPlan(own_steps=(step("tenth", 0.1), step("all", 1.0)), gates=Gates(min_answers=50))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=RolloutPlan) == plan


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (RolloutPlan(own_steps=(step("a", 0.5), step("b", 0.2), step("c", 1.0))), "not above"),
        (RolloutPlan(own_steps=(step("a", 0.5),)), "the last share is 0.5"),
        (RolloutPlan(own_steps=(step("a", 0.5), step("a", 1.0))), "the same name"),
        (RolloutPlan(own_steps=(step("a", 0.5, hours=30), step("b", 1.0))), "alone take 30 h"),
        (RolloutPlan(hard=HardLimits(max_error_rate=0.005)), "below the gate's"),
        (RolloutPlan(hard=HardLimits(p99_ms=50.0)), "below the gate's"),
    ],
)
def test_a_plan_that_contradicts_itself_is_told_with_place_and_remedy(plan: RolloutPlan, problem: str) -> None:
    (broken,) = broken_plan_rules(plan)
    assert problem in broken[1]
    assert all(broken)


@pytest.mark.parametrize(
    "document", [b'{"own_steps":[{"name":"a","share":1.5,"hours":1}]}', b'{"strategy":"yolo"}', b'{"gates":{"x":1}}']
)
def test_a_plan_with_impossible_values_is_refused_when_it_is_read(document: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(document, type=RolloutPlan)


def test_the_step_after_the_last_one_is_none() -> None:
    plan = RolloutPlan()
    assert plan.after(plan.steps[0]) == plan.steps[1]
    assert plan.after(plan.steps[-1]) is None
