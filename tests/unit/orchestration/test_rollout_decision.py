"""What a rollout does next: by its plan and the endpoint's evidence, never by silence."""

import datetime as dt
import json

import msgspec
import pytest

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.summary import Summary
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.monitoring.rollout_labels import Known, StepLabels
from platform_assets.orchestration.rollout_decision import Action, judge
from platform_assets.orchestration.rollout_evidence import Heard, Silence
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


def report(found: Evidence, step: str = "canary", labels: StepLabels | None = None) -> Heard:
    told = RolloutReport(
        product="churn", rollout_id="churn-b-2", release_id="b" * 16, step_name=step, told_at=START, evidence=found
    )
    return Heard(told, labels or StepLabels(told="no prediction log was drained to the lake yet"))


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


def labelled(candidate: Known, control: Known) -> StepLabels:
    return StepLabels(told="of outcomes that are known by now", candidate=candidate, control=control)


@pytest.mark.parametrize(
    ("right", "action", "states"),
    [(598, "advance", {"accuracy_drop": "passed"}), (300, "roll_back", {"accuracy_drop": "failed"})],
)
def test_labels_of_the_lake_are_judged_with_what_the_endpoint_tells(
    right: int, action: Action, states: dict[str, str]
) -> None:
    labels = labelled(Known(600, right), Known(10_000, 9_990))
    judged = judge(rollout(), report(GOOD, labels=labels), START + 2 * HOUR)
    found = {one.gate: one.state for one in judged.findings}
    assert judged.action == action
    assert found.items() >= states.items()
    assert (judged.evidence["candidate"]["labels"], judged.evidence["control"]["accuracy"]) == (600, 0.999)
    assert judged.evidence["labels"] == labels.told


def test_a_gate_that_has_too_few_labels_says_why_and_holds_nothing_up() -> None:
    judged = judge(rollout(), report(GOOD), START + 2 * HOUR)
    (told,) = (one.told for one in judged.findings if one.state == "not_judged")
    assert told == "0 labels of 200 that are needed; no prediction log was drained to the lake yet"
    assert judged.action == "advance"
