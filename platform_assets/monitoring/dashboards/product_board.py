"""The dashboard of one product: its golden signals against its own targets, its model and its inputs."""

from platform_assets.contract.online import Online
from platform_assets.contract.product import Product
from platform_assets.monitoring.dashboards.expressions import REQUESTS, error_ratio, quantile, rate
from platform_assets.monitoring.dashboards.overview_board import OVER
from platform_assets.monitoring.dashboards.panels import Dashboard, Panel, Query, Row, Threshold, Variable


def product_board(product: Product) -> Dashboard:
    """Return the dashboard of a product that is served."""
    name, online = product.name, product.online
    return Dashboard(
        uid=f"platform-product-{name.replace('_', '-')}",
        title=f"Platform: {product.title}",
        told=product.description,
        variables=(
            Variable("feature", "Feature", f'label_values(platform_feature_mean{{product="{name}"}}, feature)'),
        ),
        rows=(
            Row("Golden signals", _golden(name, online) if online else ()),
            Row("Promises and figures", _kept(name)),
            Row("Predictions", _predictions(name)),
            Row("Cache and batches", _batching(name)),
            Row("Inputs", _inputs(name)),
        ),
    )


def _golden(name: str, online: Online) -> tuple[Panel, ...]:
    targets = (Threshold(None, "green"), Threshold(online.latency_p95_ms / 1000.0, "orange"))
    budget = next((1.0 - one.target_ratio for one in online.sla.objectives if one.measure == "error_rate"), 0.001)
    return (
        Panel(
            title="Latency",
            queries=tuple(
                Query(quantile(share, REQUESTS, OVER, product=name, outcome="answered"), f"p{share * 100:g}")
                for share in (0.5, 0.95, 0.99)
            ),
            told=f"Of whole requests; p95 may be {online.latency_p95_ms:g} ms, p99 {online.latency_p99_ms:g} ms.",
            unit="s",
            thresholds=(*targets, Threshold(online.latency_p99_ms / 1000.0, "red")),
        ),
        Panel(
            title="Requests per second",
            queries=(Query(rate(f"{REQUESTS}_count", OVER, "outcome", product=name), "{{outcome}}"),),
            told="Requests for predictions, by how they ended.",
            unit="reqps",
            width=6,
        ),
        Panel(
            title="Failed share",
            queries=(Query(error_ratio(OVER, product=name), "failed"),),
            told="Answered with a status of 500 or above; the line is the objective.",
            unit="percentunit",
            width=6,
            thresholds=(Threshold(None, "green"), Threshold(round(budget, 9), "red")),
        ),
        Panel(
            title="Where the time goes",
            queries=(Query(quantile(0.95, "platform_stage_seconds", OVER, "stage", product=name), "{{stage}}"),),
            told="95th percentile of each stage of a prediction.",
            unit="s",
        ),
        Panel(
            title="Releases under way",
            queries=(
                Query(
                    quantile(0.95, "platform_traffic_seconds", OVER, "role", product=name, outcome="answered"),
                    "{{role}} p95",
                ),
                Query(
                    rate("platform_traffic_seconds_count", OVER, "role, outcome", product=name),
                    "{{role}} {{outcome}}/s",
                ),
            ),
            told="Latency and answers by role while several releases answer; nothing when one is alone.",
        ),
    )


def _kept(name: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Promises",
            queries=(Query(f'sum by (promise, state) (platform_promises{{product="{name}"}}) > 0'),),
            told="How each promise of the product stands.",
            kind="table",
        ),
        Panel(
            title="Parity of batch and online",
            queries=(Query(f'platform_parity_ratio{{product="{name}"}}', "equal"),),
            told="Share of logged features and scores that are those of the batch path, to the bit.",
            unit="percentunit",
            width=4,
            kind="stat",
        ),
        Panel(
            title="Features that drift",
            queries=(Query(f'platform_drifting_features_ratio{{product="{name}"}}', "drift"),),
            told="Share of the features whose live values are not those of the batch.",
            unit="percentunit",
            width=4,
            kind="stat",
        ),
        Panel(
            title="Cost of 1,000 predictions",
            queries=(Query(f'platform_cost_per_thousand_predictions{{product="{name}"}}', "{{mode}} ({{currency}})"),),
            told="By mode, net of the cache.",
            width=4,
            kind="stat",
        ),
    )


def _predictions(name: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Scores over time",
            queries=(Query(f'sum by (le) (increase(platform_score_bucket{{product="{name}"}}[{OVER}]))', "{{le}}"),),
            told="Distribution of the scores that were given.",
            kind="heatmap",
        ),
        Panel(
            title="Mean score",
            queries=(
                Query(
                    " / ".join(rate(f"platform_score_{part}", OVER, product=name) for part in ("sum", "count")),
                    "mean",
                ),
            ),
            told="Mean of the scores that were given.",
            width=6,
        ),
        Panel(
            title="Labels",
            queries=(Query(rate("platform_predicted_labels_total", OVER, "label", product=name), "{{label}}"),),
            told="Predictions per second by label.",
            width=6,
        ),
        Panel(
            title="By release and fallback",
            queries=(
                Query(
                    rate("platform_predictions_total", OVER, "release, fallback", product=name),
                    "{{release}} {{fallback}}",
                ),
            ),
            told="Which release answered, and which fallback where the model did not.",
        ),
        Panel(
            title="Degraded",
            queries=(Query(rate("platform_degraded_predictions_total", OVER, "reason", product=name), "{{reason}}"),),
            told="Predictions that were degraded or came from a fallback, by reason.",
        ),
    )


def _batching(name: str) -> tuple[Panel, ...]:
    calls = rate("platform_engine_calls_total", OVER, product=name)
    return (
        Panel(
            title="Cache",
            queries=(
                Query(
                    rate("platform_prediction_cache_lookups_total", OVER, "tier, result", product=name),
                    "{{tier}} {{result}}",
                ),
            ),
            told="Rows looked up in the prediction cache, by tier and result.",
        ),
        Panel(
            title="Reused from the cache",
            queries=(Query(f'platform_prediction_cache_reused_ratio{{product="{name}"}}', "reused"),),
            told="Since the endpoint began; above 30 % the cache of a ranking pays.",
            unit="percentunit",
            width=4,
            kind="stat",
        ),
        Panel(
            title="Batches",
            queries=(
                Query(f"{rate('platform_engine_requests_total', OVER, product=name)} / {calls}", "requests"),
                Query(f"{rate('platform_engine_rows_total', OVER, product=name)} / {calls}", "rows"),
            ),
            told="Mean requests and rows in one call of the engine.",
            width=8,
        ),
    )


def _inputs(name: str) -> tuple[Panel, ...]:
    chosen = f'product="{name}",feature="$feature"'
    return (
        Panel(
            title="$feature",
            queries=(
                Query(f"platform_feature_mean{{{chosen}}}", "mean"),
                Query(f"platform_feature_standard_deviation{{{chosen}}}", "standard deviation"),
            ),
            told="Of the newest rows of each worker.",
        ),
        Panel(
            title="Missing features",
            queries=(Query(f'topk(10, platform_feature_missing_ratio{{product="{name}"}})', "{{feature}}"),),
            told="The ten features that are missing most often in the newest rows.",
            unit="percentunit",
        ),
    )
