"""The overview: is everything kept, what is going on, and the five figures that say how well."""

from platform_assets.monitoring.dashboards.expressions import REQUESTS, error_ratio, quantile, rate
from platform_assets.monitoring.dashboards.panels import Dashboard, Panel, Query, Row, Threshold

OVER = "$__rate_interval"
_NONE_IS_GOOD = (Threshold(None, "green"), Threshold(1, "red"))


def overview_board() -> Dashboard:
    """Return the dashboard that somebody opens first."""
    return Dashboard(
        uid="platform-overview",
        title="Platform: overview",
        told="All products at a glance: promises, traffic, errors, latency and the five key figures.",
        rows=(Row("Now", _now()), Row("Traffic", _traffic()), Row("Key figures", _figures())),
    )


def _now() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Promises broken",
            queries=(Query('sum(platform_promises{state="broken"}) or vector(0)'),),
            told="Promises that the watch found broken.",
            kind="stat",
            width=4,
            thresholds=_NONE_IS_GOOD,
        ),
        Panel(
            title="Open incidents",
            queries=(Query("sum by (severity) (platform_open_incidents)", "{{severity}}"),),
            told="Incidents that nobody has resolved yet.",
            kind="stat",
            width=4,
            thresholds=_NONE_IS_GOOD,
        ),
        Panel(
            title="Releases that answer",
            queries=(
                Query(
                    "max by (product, release, model_version, state) (platform_release_serving)",
                    "{{product}}: {{release}} ({{state}})",
                ),
            ),
            told="The release of each product, and the state in which it answers.",
            kind="table",
            width=8,
        ),
        Panel(
            title="Promises that are not kept",
            queries=(Query('sum by (product, promise, state) (platform_promises{state=~"broken|at_risk"}) > 0'),),
            told="What is broken or will be soon.",
            kind="table",
            width=8,
        ),
    )


def _traffic() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Requests per second",
            queries=(Query(rate(f"{REQUESTS}_count", OVER), "{{product}}"),),
            told="Requests for predictions, by product.",
            unit="reqps",
            width=8,
        ),
        Panel(
            title="Predictions per second",
            queries=(Query(rate("platform_predictions_total", OVER), "{{product}}"),),
            told="Rows that were answered, by product.",
            width=8,
        ),
        Panel(
            title="Failed share",
            queries=(Query(error_ratio(OVER), "{{product}}"),),
            told="Requests that were answered with a status of 500 or above; the objective is 0.1 %.",
            unit="percentunit",
            width=8,
            thresholds=(Threshold(None, "green"), Threshold(0.001, "red")),
        ),
    )


def _figures() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Latency, 95th percentile",
            queries=(Query(quantile(0.95, REQUESTS, OVER, outcome="answered"), "{{product}}"),),
            told="Of whole requests, in the server.",
            unit="s",
            width=8,
        ),
        Panel(
            title="Reused from the cache",
            queries=(Query("platform_prediction_cache_reused_ratio", "{{product}}"),),
            told="Share of the rows looked up that needed no new score, since the endpoint began.",
            kind="bargauge",
            unit="percentunit",
            width=4,
        ),
        Panel(
            title="Parity of batch and online",
            queries=(Query("platform_parity_ratio", "{{product}}"),),
            told="Share of logged features and scores that are those of the batch path, to the bit.",
            kind="bargauge",
            unit="percentunit",
            width=4,
        ),
        Panel(
            title="Features that drift",
            queries=(Query("platform_drifting_features_ratio", "{{product}}"),),
            told="Share of the features whose live values are not those of the batch.",
            kind="bargauge",
            unit="percentunit",
            width=4,
        ),
        Panel(
            title="Cost of 1,000 predictions",
            queries=(Query("platform_cost_per_thousand_predictions", "{{product}} {{mode}} ({{currency}})"),),
            told="By mode, net of the cache, on the newest day with any.",
            kind="bargauge",
            width=4,
        ),
    )
