"""What a rollout does next, by its plan, its step and the evidence of the endpoint, with all that is recorded of it."""

import datetime as dt
from typing import Any, Literal

import msgspec

from platform_assets.experiments.decide import decide
from platform_assets.experiments.evidence import Evidence, Finding
from platform_assets.experiments.summary import Summary
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.monitoring.rollout_labels import StepLabels
from platform_assets.orchestration.label_evidence import with_labels
from platform_assets.orchestration.rollout_evidence import Heard, Silence

Action = Literal["advance", "complete", "roll_back", "hold"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What follows, why, and the evidence as plain data: what each gate found, and the figures of both releases."""

    action: Action
    reason: str
    findings: tuple[Finding, ...] = ()
    evidence: dict[str, Any] = {}
    is_overdue: bool = False


def judge(rollout: LiveRollout, heard: Heard | Silence, at: dt.datetime) -> Judged:
    """Return what follows; without evidence nothing does.

    The instants of rollout and step are the pointer's, whatever the endpoint says. The last step is complete when its
    hours are over and no hard limit is broken.
    """
    if isinstance(heard, Silence):
        is_overdue = at - rollout.since > dt.timedelta(hours=rollout.plan.within_hours)
        return Judged(action="hold", reason=f"there is no evidence: {heard.told}", is_overdue=is_overdue)
    seen = with_labels(heard.report.evidence, heard.labels)
    seen = msgspec.structs.replace(seen, rollout_since=rollout.since, step_since=rollout.step_since)
    decision = decide(rollout.plan, rollout.step, seen, at)
    findings = tuple(_explained(one, heard.labels) for one in decision.findings)
    action: Action = decision.action
    reason = decision.reason
    if action == "hold" and rollout.plan.after(rollout.step) is None:
        hours = (at - rollout.step_since) / dt.timedelta(hours=1)
        if hours >= rollout.step.hours:
            action, reason = "complete", "the release has all of the traffic and keeps every hard limit"
        else:
            reason = f"the last step has lasted {hours:.2f} of {rollout.step.hours:g} hours"
    return Judged(
        action=action,
        reason=reason,
        findings=findings,
        evidence=_evidence(rollout, heard, seen, findings),
        is_overdue=decision.is_overdue,
    )


def _evidence(rollout: LiveRollout, heard: Heard, seen: Evidence, findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "step": rollout.step_name,
        "share": rollout.share,
        "step_since": rollout.step_since.isoformat(),
        "told_at": heard.report.told_at.isoformat(),
        "findings": [msgspec.to_builtins(one) for one in findings],
        "candidate": figures_of(seen.candidate),
        "control": figures_of(seen.control),
        "recent": figures_of(seen.recent),
        "out_of_memory": seen.out_of_memory,
        "dropped_copies": heard.report.dropped_copies,
        "labels": heard.labels.told,
    }


def _explained(finding: Finding, labels: StepLabels) -> Finding:
    """Return a finding that also says why there are too few labels to judge by."""
    if finding.state != "not_judged":
        return finding
    return msgspec.structs.replace(finding, told=f"{finding.told}; {labels.told}")


def figures_of(seen: Summary) -> dict[str, float | int | None]:
    """Return what people read of a summary: counts, rates, and latencies in ms."""
    return {
        "answers": seen.answers,
        "errors": seen.errors,
        "error_rate": seen.error_rate,
        "p50_ms": seen.latency_ms.quantile(0.5),
        "p99_ms": seen.latency_ms.quantile(0.99),
        "labels": seen.labels,
        "accuracy": seen.accuracy,
    }
