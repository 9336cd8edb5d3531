"""Error budgets of the online SLAs as alerts: how fast a budget goes, over a long and a short window at once."""

from collections.abc import Iterator, Sequence

from platform_assets.contract.latency_bounds import bound_within
from platform_assets.contract.product import Product
from platform_assets.contract.slas import Measure, Objective, OnlineSla
from platform_assets.monitoring.dashboards.expressions import REQUESTS, error_ratio, rate, recorded, slow_ratio
from platform_assets.monitoring.dashboards.rule_words import Alert, RecordedRule, RuleGroup, Severity, labels_of
from platform_assets.monitoring.slas.budget import ALARMS, Alarm

# What Prometheus can tell from the endpoint's counters; the other objectives are judged by the promise watch.
BURNING: tuple[Measure, ...] = ("error_rate", "latency")
# The long windows are those of the platform's own alarms. Prometheus knows more than hours, so the short ones are a
# twelfth of them, as the SRE workbook has it.
_WINDOWS = {1.0: ("1h", "5m"), 6.0: ("6h", "30m"), 72.0: ("3d", "6h")}
_EVERY = ("5m", "30m", "1h", "6h", "3d")
_SEVERITY: dict[float, Severity] = {1.0: "page", 6.0: "page", 72.0: "ticket"}
# Fewer bad answers than this within the long window are no alarm, whatever share of them they are.
LEAST_BAD = 3
_TOLD = {"error_rate": "answers fail", "latency": "answers are slower than promised"}


def latency_bound(product: Product) -> str:
    """Return the bound of the histogram that stands for the promised p95, as the label `le` spells it."""
    limit = product.online.latency_p95_ms if product.online else 0.0
    return repr(bound_within(limit))


def burn_groups(products: Sequence[Product]) -> Iterator[RuleGroup]:
    """Yield the recorded shares of bad answers, then the alerts of each product on how its budgets burn."""
    online = [product for product in products if product.online is not None]
    yield RuleGroup("platform-bad-shares", tuple(_recorded(online)))
    for product in online:
        yield RuleGroup(f"platform-error-budgets-{product.name}", tuple(_alerts(product)))


def _recorded(products: Sequence[Product]) -> Iterator[RecordedRule]:
    for over in _EVERY:
        yield RecordedRule(record=recorded("error_rate", over), expr=error_ratio(over))
        for product in products:
            expr = slow_ratio(over, latency_bound(product), product=product.name)
            yield RecordedRule(record=recorded("latency", over), expr=expr, labels={"product": product.name})


def _alerts(product: Product) -> Iterator[Alert]:
    sla = product.online.sla if product.online else OnlineSla(objectives=())
    for objective in sla.objectives:
        if objective.measure in BURNING:
            for alarm in ALARMS:
                yield _alert(product, objective, alarm, sla.window_days)


def _alert(product: Product, objective: Objective, alarm: Alarm, window_days: int) -> Alert:
    long, short = _WINDOWS[alarm.long_hours]
    measure, factor = objective.measure, alarm.factor(window_days)
    limit = f"{min(factor * (1.0 - objective.target_ratio), 1.0):.6g}"
    matcher = f'{{product="{product.name}"}}'
    # A share of everything is the most there is, so that even a budget of a half can burn.
    over = [f"{recorded(measure, window)}{matcher} >= {limit}" for window in (long, short)]
    share = f"{recorded(measure, long)}{matcher}"
    answers = rate(f"{REQUESTS}_count", long, product=product.name)
    seconds = f"{alarm.long_hours * 3600.0:g}"
    return Alert(
        alert="PlatformErrorBudgetBurns",
        expr=f"{over[0]} and {over[1]} and {share} * {answers} * {seconds} >= {LEAST_BAD}",
        severity=_SEVERITY[alarm.long_hours],
        summary=f"{product.title}: {_TOLD[measure]}; over {long} the error budget of {window_days} days burns "
        f"{factor:.3g} times as fast as it may",
        next_step=f"`platform slas {product.name}`, then the dashboard of the product",
        page="slas.md",
        labels={**labels_of(product), "measure": measure, "window": long},
    )
