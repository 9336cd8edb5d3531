"""Alerts of each product that is served: its latency targets, whether it answers, and the declared alert rules."""

from collections.abc import Iterator, Sequence

from platform_assets.contract.alert_rules import ALERT_RULES, AlertRule, RuleMeasure
from platform_assets.contract.online import Online
from platform_assets.contract.product import Product
from platform_assets.contract.promises import RULE_PREFIX
from platform_assets.monitoring.dashboards.expressions import REQUESTS, quantile
from platform_assets.monitoring.dashboards.rule_words import Alert, RuleGroup, labels_of

_RATE = "5m"
_LATENCY_WAIT = "10m"
# What Prometheus can judge by itself. The other measures the promise watch takes from logs and labels; Prometheus
# sees the state that it found.
COUNTED: tuple[RuleMeasure, ...] = ("latency_p99", "variant_errors", "out_of_memory")
_ON_TRIAL = "candidate|treatment"


def product_groups(products: Sequence[Product]) -> Iterator[RuleGroup]:
    """Yield the alerts of each product with an online block."""
    for product in products:
        if product.online is not None:
            yield RuleGroup(f"platform-product-{product.name}", tuple(_alerts(product, product.online)))


def name_of(rule: AlertRule) -> str:
    """Return the name of the alert of a declared rule."""
    return f"Platform{''.join(word.title() for word in rule.name.split('_'))}"


def _alerts(product: Product, online: Online) -> Iterator[Alert]:
    yield _not_serving(product)
    yield _above_target(product, 0.95, online.latency_p95_ms, "the target of its 95th percentile")
    yield _above_target(product, 0.99, online.latency_p99_ms, "the ceiling of its 99th percentile")
    yield from (_declared(product, online, rule) for rule in ALERT_RULES)


def _not_serving(product: Product) -> Alert:
    answering = f'platform_release_serving{{product="{product.name}",state=~"serving|serving_previous"}}'
    return Alert(
        alert="PlatformProductNotServing",
        # Only an endpoint that tells of itself can lack a product: one that is down is another alert.
        expr=f"absent({answering}) and on() (sum(platform_workers) > 0)",
        severity="page",
        wait="5m",
        summary=f"{product.title}: no release answers",
        next_step=f"`platform status`, then `platform releases show {product.name}`",
        page="operations.md",
        labels=labels_of(product),
    )


def _above_target(product: Product, share: float, limit_ms: float, what: str) -> Alert:
    asked = quantile(share, REQUESTS, _RATE, product=product.name, outcome="answered")
    return Alert(
        alert=f"PlatformLatencyP{share * 100:.0f}AboveTarget",
        expr=f"{asked} > {limit_ms / 1000.0:g}",
        severity="ticket",
        wait=_LATENCY_WAIT,
        summary=f"{product.title}: answers take longer than {what}, {limit_ms:g} ms",
        next_step="compare `platform_stage_seconds` with `platform_stage_budget_seconds`",
        page="operations.md",
        labels=labels_of(product),
    )


def _declared(product: Product, online: Online, rule: AlertRule) -> Alert:
    return Alert(
        alert=name_of(rule),
        expr=_expression(product, online, rule),
        severity="page" if rule.severity == "alert" and rule.measure in COUNTED else "ticket",
        wait=f"{rule.for_minutes}m" if rule.measure == "latency_p99" else "0m",
        summary=f"{product.title}: {rule.name.replace('_', ' ')}, above {rule.above:g} {rule.unit}",
        next_step=f"{rule.response.replace('_', ' ')}: {rule.next_step}",
        page="alerts.md",
        labels={**labels_of(product), "response": rule.response},
    )


def _expression(product: Product, online: Online, rule: AlertRule) -> str:
    if rule.measure == "latency_p99":
        asked = quantile(0.99, REQUESTS, _RATE, product=product.name, outcome="answered")
        return f"{asked} > {rule.above / 1000.0:g}"
    if rule.measure == "variant_errors":
        return _variant_errors(product, online, rule)
    if rule.measure == "out_of_memory":
        events = f'platform_engine_events_total{{product="{product.name}",kind="out_of_memory"}}'
        return f"sum by (product) (increase({events}[{rule.for_minutes}m])) > {rule.above:g}"
    state = "at_risk" if rule.severity == "warning" else "broken"
    promise = f'product="{product.name}",promise="{RULE_PREFIX}{rule.name}",state="{state}"'
    return f"sum by (product) (platform_promises{{{promise}}}) > 0"


def _variant_errors(product: Product, online: Online, rule: AlertRule) -> str:
    """Compare the failed shares of both roles; one in force that fails less often than allowed counts as that."""
    allowed = next((1.0 - one.target_ratio for one in online.sla.objectives if one.measure == "error_rate"), 0.001)
    name, over = product.name, "10m"

    def grown(role: str, *more: str) -> str:
        labels = ",".join((f'product="{name}"', f'role=~"{role}"', *more))
        return f"sum by (product) (increase(platform_traffic_seconds_count{{{labels}}}[{over}]))"

    failed = 'outcome="failed"'
    tried = f"{grown(_ON_TRIAL, failed)} / {grown(_ON_TRIAL)}"
    control = f"({grown('control', failed)} / {grown('control')} or {grown('control')} * 0)"
    enough = " and ".join(f"{grown(role)} >= {rule.minimum}" for role in (_ON_TRIAL, "control"))
    return f"{tried} > {rule.above:g} * clamp_min({control}, {allowed:g}) and {enough}"
