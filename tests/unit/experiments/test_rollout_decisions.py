"""What a rollout does next, by the evidence of its step."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.experiments.decide import decide
from platform_assets.experiments.evidence import Decision, Evidence
from platform_assets.experiments.histogram import Histogram, log_bucket
from platform_assets.experiments.summary import Summary
from tests.unit.experiments.rollout_samples import CANARY, LATER, PLAN, START, evidence, seen

LIMITS = PLAN.hard


def decided(found: Evidence, plan: RolloutPlan = PLAN, step: Step = CANARY) -> Decision:
    return decide(plan, step, found, LATER)


def test_a_healthy_canary_advances_after_its_hour_to_the_next_step() -> None:
    decision = decided(evidence(seen(2_000, 2)))
    assert (decision.action, decision.to) == ("advance", PLAN.steps[2])
    assert "error rate 0.100%" in decision.reason
    assert "p99 20." in decision.reason


def test_before_the_declared_time_nothing_advances() -> None:
    decision = decide(PLAN, CANARY, evidence(seen(50_000, 50)), LATER - dt.timedelta(seconds=1))
    assert decision.action == "hold"
    assert "lasted 1.00 of 1 hours" in decision.reason


def test_a_clock_that_was_set_back_holds_the_step() -> None:
    assert decide(PLAN, CANARY, evidence(seen(50_000, 50)), START - dt.timedelta(days=1)).action == "hold"


def test_three_percent_errors_roll_back_without_waiting_for_the_hour() -> None:
    decision = decide(PLAN, CANARY, evidence(seen(1_000, 30)), START)
    assert decision.action == "roll_back"
    assert "3.00% (30 of 1,000)" in decision.reason


def test_a_release_that_only_fails_is_rolled_back_after_two_answers() -> None:
    assert decided(evidence(seen(1, 1))).action == "hold"
    assert decided(evidence(seen(2, 2))).action == "roll_back"


def test_what_goes_bad_late_does_not_hide_behind_good_hours() -> None:
    decision = decided(evidence(seen(200_000, 300), recent=seen(400, 60)))
    assert decision.action == "roll_back"
    assert "of the last minutes" in decision.reason


def test_slow_answers_above_the_ceiling_roll_back() -> None:
    decision = decided(evidence(seen(300, slow=20)))
    assert decision.action == "roll_back"
    assert "20 of 300 answers of this step took longer than 200 ms" in decision.reason


def test_a_few_slow_answers_at_the_start_end_nothing() -> None:
    assert decided(evidence(seen(99, slow=20))).action == "hold"
    assert decided(evidence(seen(100, slow=20))).action == "roll_back"


def test_running_out_of_memory_rolls_back_at_once() -> None:
    assert decided(evidence(seen(10), out_of_memory=1)).action == "roll_back"


def test_shifted_scores_roll_back_and_say_by_how_much() -> None:
    decision = decided(evidence(seen(2_000, 2, scores=(60, 95))))
    assert decision.action == "roll_back"
    assert "scores are 0.500 from the control's" in decision.reason


def test_more_than_twice_the_errors_of_the_control_roll_back_below_the_hard_limit_too() -> None:
    decision = decided(evidence(seen(8_000, 40)))
    assert decision.action == "roll_back"
    assert "at most 2 times" in decision.reason


def test_an_error_rate_that_may_still_be_above_the_gate_holds() -> None:
    decision = decided(evidence(seen(2_000, 16), seen(38_000, 300)))
    assert decision.action == "hold"
    assert [one.gate for one in decision.findings if one.state == "waiting"] == ["error_rate"]


def test_a_single_error_is_not_held_against_a_release_whose_control_has_none() -> None:
    assert decided(evidence(seen(2_000, 1), seen(38_000, 0))).action == "advance"
    assert decided(evidence(seen(2_000, 3), seen(38_000, 0))).action == "hold"


def test_a_p99_above_the_gate_but_below_the_ceiling_rolls_back_once_it_is_shown() -> None:
    assert decided(evidence(seen(2_000, 2, slow=25, slow_ms=150.0))).action == "hold"
    assert decided(evidence(seen(2_000, 2, slow=80, slow_ms=150.0))).action == "roll_back"


def test_a_control_without_answers_holds() -> None:
    decision = decided(evidence(seen(2_000, 2), Summary()))
    assert decision.action == "hold"
    assert "0 answers of the control are too few" in decision.reason


@pytest.mark.parametrize(("right", "action"), [(950, "advance"), (925, "hold"), (700, "roll_back")])
def test_accuracy_is_judged_where_labels_exist(right: int, action: str) -> None:
    candidate = msgspec.structs.replace(seen(2_000, 2), labels=1_000, right=right)
    control = msgspec.structs.replace(seen(38_000, 38), labels=19_000, right=18_050)
    assert decided(evidence(candidate, control)).action == action


def test_an_accuracy_below_the_declared_minimum_rolls_back_without_labels_of_the_control() -> None:
    plan = RolloutPlan(gates=msgspec.structs.replace(PLAN.gates, min_accuracy=0.95))
    candidate = msgspec.structs.replace(seen(2_000, 2), labels=1_000, right=850)
    decision = decided(evidence(candidate), plan)
    assert decision.action == "roll_back"
    assert "accuracy 85.00% on 1,000 labels; at least 95.00%" in decision.reason


def test_an_overdue_rollout_is_told_as_such_and_still_decided_by_its_evidence() -> None:
    late = START + dt.timedelta(hours=25)
    assert decide(PLAN, CANARY, evidence(seen(10)), late).is_overdue
    assert decide(PLAN, CANARY, evidence(seen(10)), late).action == "hold"
    assert decide(PLAN, CANARY, evidence(seen(2_000, 2)), late).action == "advance"


def test_the_last_step_is_complete_and_only_a_hard_limit_ends_it() -> None:
    last = PLAN.steps[-1]
    assert "complete" in decided(evidence(seen(5_000, 75)), step=last).reason
    assert decided(evidence(seen(5_000, 150)), step=last).action == "roll_back"


def test_a_step_of_another_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        decided(evidence(seen(1)), step=Step(name="other", share=0.1, hours=1.0))


summaries = st.builds(
    lambda answers, bad, slow, spread: Summary(
        answers=answers,
        errors=min(bad, answers),
        latency_ms=Histogram({log_bucket(20.0): max(answers - slow, 0), log_bucket(300.0): min(slow, answers)}),
        scores=Histogram({spread: answers}),
    ),
    st.integers(0, 5_000),
    st.integers(0, 200),
    st.integers(0, 200),
    st.integers(0, 3),
)
steps = st.sampled_from(PLAN.steps)
hours = st.floats(-5, 30)


def at(hour: float) -> dt.datetime:
    return START + dt.timedelta(hours=hour)


@given(steps, summaries, summaries, hours)
def test_it_never_advances_on_too_small_a_sample_or_too_early(
    step: Step, candidate: Summary, control: Summary, hour: float
) -> None:
    decision = decide(PLAN, step, evidence(candidate, control), at(hour))
    if decision.action == "advance":
        assert min(candidate.answers, control.answers) >= PLAN.gates.min_answers
        assert hour >= step.hours - 1e-9
        assert decision.to == PLAN.after(step)
        assert candidate.errors / candidate.answers < PLAN.gates.max_error_rate


@given(steps, summaries, summaries, hours, st.integers(1000, 5_000), st.floats(0.0201, 1.0))
def test_it_always_rolls_back_on_a_hard_breach(
    step: Step, candidate: Summary, control: Summary, hour: float, answers: int, rate: float
) -> None:
    broken = msgspec.structs.replace(candidate, answers=answers, errors=int(answers * rate) + 1)
    assert decide(PLAN, step, evidence(broken, control), at(hour)).action == "roll_back"
    assert decide(PLAN, step, evidence(candidate, control, recent=broken), at(hour)).action == "roll_back"


@given(steps, summaries, summaries, hours)
def test_it_says_why_with_numbers_and_only_names_a_step_when_it_advances(
    step: Step, candidate: Summary, control: Summary, hour: float
) -> None:
    decision = decide(PLAN, step, evidence(candidate, control), at(hour))
    assert decision.reason
    assert (decision.to is not None) == (decision.action == "advance")
    shown = [one for one in decision.findings if one.state == "failed"]
    assert (decision.action == "roll_back") == bool(shown)
