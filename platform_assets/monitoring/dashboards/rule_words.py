"""Rules as Prometheus reads them."""

from typing import Any, Literal

import msgspec

from platform_assets.contract.product import Product

Severity = Literal["page", "ticket"]
PAGES = "docs"


class RecordedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A question whose answers Prometheus keeps under a name."""

    record: str
    expr: str
    labels: dict[str, str] = {}


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A question whose every answer is an alert once it has been one for so long."""

    alert: str
    expr: str
    severity: Severity
    summary: str
    next_step: str
    page: str
    wait: str = "0m"
    labels: dict[str, str] = {}


class RuleGroup(msgspec.Struct, frozen=True):
    """Rules that are evaluated one after another."""

    name: str
    rules: tuple[RecordedRule | Alert, ...]
    interval: str = "30s"


def labels_of(product: Product) -> dict[str, str]:
    """Return whose an alert is, by which an Alertmanager routes it."""
    team = product.online.owner.team if product.online else product.owner.team
    return {"product": product.name, "team": team}


def document_of(groups: tuple[RuleGroup, ...]) -> dict[str, Any]:
    """Return a file of rules."""
    return {
        "groups": [
            {"name": each.name, "interval": each.interval, "rules": [_rule(rule) for rule in each.rules]}
            for each in groups
        ]
    }


def _rule(rule: RecordedRule | Alert) -> dict[str, Any]:
    if isinstance(rule, RecordedRule):
        return {"record": rule.record, "expr": rule.expr, **({"labels": rule.labels} if rule.labels else {})}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        "for": rule.wait,
        "labels": {"severity": rule.severity, **rule.labels},
        "annotations": {
            "summary": rule.summary,
            "next_step": rule.next_step,
            "page": f"{PAGES}/{rule.page}",
        },
    }
