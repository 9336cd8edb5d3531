"""The dashboard of batches and costs; the prices in its questions are those it was written with."""

from platform_assets.cost_settings import CostSettings
from platform_assets.monitoring.dashboards.expressions import rate
from platform_assets.monitoring.dashboards.panels import Dashboard, Panel, Query, Row, Threshold

_HOUR_S = 3600.0
_GIB = 2.0**30
_OVER = "1h"
# The target of the requirements; what it takes to meet it is told in docs/cost.md.
COST_TARGET = 0.01


def cost_board(prices: CostSettings) -> Dashboard:
    """Return the dashboard of batches and costs at these prices."""
    return Dashboard(
        uid="platform-cost",
        title="Platform: batches and costs",
        told="What batches and trainings took, and what predictions cost by mode.",
        rows=(Row("Batches", _batches()), Row(f"Costs in {prices.currency}", _costs(prices))),
    )


def _batches() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Newest batch",
            queries=(Query("platform_batch_rows", "{{product}}"),),
            told="Rows of the newest published batch.",
            kind="bargauge",
            width=6,
        ),
        Panel(
            title="Age of the newest publication",
            queries=(Query("time() - platform_batch_published_timestamp_seconds", "{{product}}"),),
            told="Since the newest batch was published.",
            kind="bargauge",
            unit="s",
            width=6,
        ),
        Panel(
            title="As-of of the newest batch",
            queries=(Query("platform_batch_as_of_timestamp_seconds * 1000", "{{product}}"),),
            told="The business instant that it stands for.",
            kind="stat",
            unit="dateTimeAsIso",
            width=12,
        ),
        Panel(
            title="Duration",
            queries=(
                Query("platform_batch_duration_seconds", "{{product}} batch"),
                Query("platform_training_duration_seconds", "{{product}} training"),
            ),
            told="Of the newest batch and the newest training.",
            unit="s",
        ),
        Panel(
            title="Processor time",
            queries=(
                Query("platform_batch_cpu_seconds", "{{product}} batch"),
                Query("platform_training_cpu_seconds", "{{product}} training"),
            ),
            told="Of the newest batch and the newest training, all threads and children.",
            unit="s",
        ),
    )


def _costs(prices: CostSettings) -> tuple[Panel, ...]:
    cpu = f"{prices.cpu_core_hour / _HOUR_S:.6g}"
    per_hour = f"sum(rate(platform_process_cpu_seconds_total[{_OVER}])) * {prices.cpu_core_hour:g}"
    memory = f"sum(platform_resident_memory_bytes) / {_GIB:g} * {prices.memory_gib_hour:g}"
    gpus = f"count(platform_gpu_utilisation_ratio) * {prices.gpu_hour:g}"
    used = rate("platform_product_cpu_seconds_total", _OVER)
    return (
        Panel(
            title="1,000 predictions by mode",
            queries=(Query("platform_cost_per_thousand_predictions", "{{product}} {{mode}} ({{currency}})"),),
            told=f"Measured daily, net of the cache; the target is below {COST_TARGET:g}.",
            thresholds=(Threshold(None, "green"), Threshold(COST_TARGET, "red")),
        ),
        Panel(
            title="1,000 online predictions, processor alone, now",
            queries=(Query(f"{used} * {cpu} * 1000 / {rate('platform_predictions_total', _OVER)}", "{{product}}"),),
            told="Processor time that each product kept busy in the last hour, by its predictions.",
            thresholds=(Threshold(None, "green"), Threshold(COST_TARGET, "red")),
        ),
        Panel(
            title="The endpoint per hour",
            queries=(Query(per_hour, "processor"), Query(memory, "memory"), Query(gpus, "GPUs")),
            told="What the endpoint costs in an hour like this one, whoever asks; a GPU costs also while it idles.",
            width=8,
        ),
        Panel(
            title="Saved by the cache",
            queries=(Query("platform_cache_saved_cost", "{{product}} ({{currency}})"),),
            told="What the rows that were reused would have cost to score, on the newest day.",
            kind="bargauge",
            width=8,
        ),
        Panel(
            title="Newest training",
            queries=(Query("platform_training_cost", "{{product}} ({{currency}})"),),
            told="Processor time and memory of the newest training.",
            kind="bargauge",
            width=8,
        ),
    )
