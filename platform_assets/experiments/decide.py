"""What a rollout does next: a pure function of the plan, the step, the evidence and the instant."""

import datetime as dt

import msgspec

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.experiments.evidence import Action, Decision, Evidence, Finding
from platform_assets.experiments.gates import judge_gates
from platform_assets.experiments.limits import hard_breaches


def decide(plan: RolloutPlan, step: Step, evidence: Evidence, at: dt.datetime) -> Decision:
    """Return whether to advance, hold or roll back, with the reason in words and the numbers.

    It rolls back on every broken hard limit and on a gate that is shown to fail, at any moment of a step. It advances
    only when the step has lasted as long as declared and every gate has passed, and holds otherwise. In the last step
    all traffic has arrived and the hard limits alone are watched. `step` has to be one of the plan's.
    """
    following = plan.after(step)
    if breaches := hard_breaches(plan, evidence):
        return _decision("roll_back", breaches, breaches)
    if following is None:
        return Decision(action="hold", reason="the rollout is complete: the new release has all of the traffic")
    findings = judge_gates(plan.gates, step, evidence)
    overdue = at - evidence.rollout_since > dt.timedelta(hours=plan.within_hours)
    if failed := [one for one in findings if one.state == "failed"]:
        return _decision("roll_back", failed, findings)
    if waiting := [one for one in (*_too_early(step, evidence, at), *findings) if one.state == "waiting"]:
        return msgspec.structs.replace(_decision("hold", waiting, findings), is_overdue=overdue)
    advance = _decision("advance", findings, findings)
    return msgspec.structs.replace(advance, to=following, is_overdue=overdue)


def _too_early(step: Step, evidence: Evidence, at: dt.datetime) -> tuple[Finding, ...]:
    """Return what is missing of the declared time; a clock that was set back makes a step longer, never shorter."""
    lasted = at - evidence.step_since
    if lasted >= dt.timedelta(hours=step.hours):
        return ()
    hours = lasted / dt.timedelta(hours=1)
    return (Finding("time", "waiting", f"step {step.name} has lasted {hours:.2f} of {step.hours:g} hours"),)


def _decision(action: Action, because: tuple[Finding, ...] | list[Finding], findings: tuple[Finding, ...]) -> Decision:
    return Decision(action=action, reason="; ".join(one.told for one in because), findings=findings)
