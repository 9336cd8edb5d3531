"""What one rule found, as a promise of its product."""

from collections.abc import Mapping
from typing import Any

import msgspec

from platform_assets.contract.alert_rules import AlertRule
from platform_assets.contract.promises import RULE_PREFIX, PromiseState
from platform_assets.ledger.promises import Observation

SUBJECT = "online"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measure in words and as a number; None where it cannot be told, and `told` says why.

    `is_over` leaves the judgement to who measured, None leaves it to the level of the rule. `is_pending`: above its
    level, and not for long enough yet.
    """

    told: str
    value: float | None = None
    is_over: bool | None = None
    is_pending: bool = False
    facts: Mapping[str, Any] = {}


def observation_of(product: str, rule: AlertRule, measured: Measured) -> Observation:
    """Return what a rule found as an observation of `rule_<name>`; its response says what is to be done."""
    return Observation(
        product=product,
        promise=f"{RULE_PREFIX}{rule.name}",
        subject=SUBJECT,
        state=_state(rule, measured),
        value=measured.value,
        limit=rule.above,
        unit=rule.unit,
        facts={
            "told": measured.told,
            "severity": rule.severity,
            "kind": rule.response,
            "response": f"{rule.response.replace('_', ' ')}: {rule.next_step}",
            **measured.facts,
        },
    )


def _state(rule: AlertRule, measured: Measured) -> PromiseState:
    is_over = measured.is_over
    if is_over is None:
        if measured.value is None:
            return "unknown"
        is_over = measured.value > rule.above
    if not is_over:
        return "kept"
    return "at_risk" if measured.is_pending or rule.severity == "warning" else "broken"
