"""What a step of a rollout has seen so far, what was found in it, and what follows."""

import datetime as dt
from typing import Literal

import msgspec

from platform_assets.contract.rollout import Step
from platform_assets.experiments.summary import Summary

State = Literal["passed", "waiting", "failed", "not_judged"]
Action = Literal["advance", "hold", "roll_back"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one step: those of the new release (the candidate) and of the control over the same time.

    In a shadowed step both have seen the same requests. `recent` is the candidate's last minutes alone: what goes bad
    late does not hide behind hours that went well. Instants carry a zone.
    """

    rollout_since: dt.datetime
    step_since: dt.datetime
    candidate: Summary
    control: Summary
    recent: Summary = Summary()
    out_of_memory: int = 0


class Finding(msgspec.Struct, frozen=True):
    """What one gate or limit says, in words with the numbers."""

    gate: str
    state: State
    told: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What follows: `to` is the next step when the rollout advances. An overdue rollout is one to look after."""

    action: Action
    reason: str
    findings: tuple[Finding, ...] = ()
    to: Step | None = None
    is_overdue: bool = False
