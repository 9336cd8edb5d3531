"""What a rollout does next: by its plan and the endpoint's evidence, never by silence."""

import datetime as dt
import json

import msgspec
import pytest

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.summary import Summary
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.orchestration.rollout_decision import Action, judge
from platform_assets.orchestration.rollout_evidence import Silence
from platform_assets.rollouts.report import RolloutReport
from tests.unit.experiments.rollout_samples import START, evidence, seen

HOUR = dt.timedelta(hours=1)
LAST = Step(name="all", share=1.0, hours=2.0)


def rollout(step: str = "canary", plan: RolloutPlan | None = None) -> LiveRollout:
    return LiveRollout(
        rollout_id="churn-b-2",
        release_id="b" * 16,
        plan=plan or RolloutPlan(),
        step_name=step,
        step_since=START,
        since=START,
    )


def report(found: Evidence, step: str = "canary") -> RolloutReport:
    return RolloutReport(
        product="churn", rollout_id="churn-b-2", release_id="b" * 16, step_name=step, told_at=START, evidence=found
    )


GOOD, BAD = evidence(seen(5000, 5)), evidence(seen(5000, 150))


@pytest.mark.parametrize(
    ("found", "after", "action"),
    [(GOOD, 2 * HOUR, "advance"), (GOOD, HOUR / 2, "hold"), (BAD, dt.timedelta(), "roll_back")],
)
def test_it_advances_in_time_and_goes_back_at_once(found: Evidence, after: dt.timedelta, action: Action) -> None:
    assert judge(rollout(), report(found), START + after).action == action


@pytest.mark.parametrize(
    ("found", "after", "action"),
    [(GOOD, 2 * HOUR, "complete"), (GOOD, HOUR, "hold"), (BAD, 2 * HOUR, "roll_back")],
)
def test_the_last_step_is_complete_when_its_hours_are_over(
    found: Evidence, after: dt.timedelta, action: Action
) -> None:
    plan = RolloutPlan(own_steps=(Step(name="shadow", share=0.0, hours=1.0), LAST))
    judged = judge(rollout("all", plan), report(found, "all"), START + after)
    assert judged.action == action
    if action == "hold":
        assert judged.reason == "the last step has lasted 1.00 of 2 hours"


def test_silence_holds_and_is_told_and_becomes_overdue() -> None:
    silence = Silence("no endpoint answers")
    judged = judge(rollout(), silence, START + HOUR)
    assert (judged.action, judged.is_overdue) == ("hold", False)
    assert judged.reason == "there is no evidence: no endpoint answers"
    assert judge(rollout(), silence, START + 25 * HOUR).is_overdue


def test_the_instants_are_those_of_the_pointer_whatever_the_endpoint_says() -> None:
    early = msgspec.structs.replace(GOOD, step_since=START - 48 * HOUR, rollout_since=START - 48 * HOUR)
    judged = judge(rollout(), report(early), START + HOUR / 2)
    assert (judged.action, judged.is_overdue) == ("hold", False)


def test_the_evidence_is_plain_data_with_every_finding_and_figure() -> None:
    told = json.loads(json.dumps(judge(rollout(), report(GOOD), START + HOUR).evidence))
    assert {one["gate"] for one in told["findings"]} >= {"error_rate", "error_ratio", "latency", "drift"}
    assert (told["candidate"]["answers"], told["candidate"]["errors"], told["step"]) == (5000, 5, "canary")
    assert told["candidate"]["p99_ms"] == pytest.approx(20.0, rel=0.05)
    assert told["recent"] == {name: 0 if name in {"answers", "errors", "labels"} else None for name in told["recent"]}
    assert Summary().error_rate is None
