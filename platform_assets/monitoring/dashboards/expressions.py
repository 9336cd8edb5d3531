"""The questions to Prometheus that rules and dashboards share; names of metrics are the endpoint's, a test compares."""

from collections.abc import Mapping

REQUESTS = "platform_product_request_seconds"


def selector(labels: Mapping[str, str]) -> str:
    """Return label matchers in their braces, nothing without any."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""


def rate(metric: str, over: str, by: str = "product", **labels: str) -> str:
    """Return the growth per second of a counter, summed by labels."""
    return f"sum by ({by}) (rate({metric}{selector(labels)}[{over}]))"


def quantile(share: float, metric: str, over: str, by: str = "product", **labels: str) -> str:
    """Return a quantile of a histogram."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:g}, {rate(f'{metric}_bucket', over, grouped, **labels)})"


def error_ratio(over: str, **labels: str) -> str:
    """Return the share of requests that failed; 0 where none did."""
    every = rate(f"{REQUESTS}_count", over, **labels)
    failed = rate(f"{REQUESTS}_count", over, **labels, outcome="failed")
    return f"({failed} or {every} * 0) / {every}"


def slow_ratio(over: str, bound: str, **labels: str) -> str:
    """Return the share of answers that took longer than a bound of the histogram, as its label `le` spells it."""
    fast = rate(f"{REQUESTS}_bucket", over, **labels, outcome="answered", le=bound)
    return f"1 - {fast} / {rate(f'{REQUESTS}_count', over, **labels, outcome='answered')}"


def recorded(measure: str, over: str) -> str:
    """Return the name under which the rules keep the bad share of a measure."""
    return f"product:platform_{measure}:ratio_rate{over}"
