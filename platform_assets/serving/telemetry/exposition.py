"""Tallies in Prometheus' text format."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.utils import floatToGoString

from platform_assets.serving.telemetry import metric_families as families
from platform_assets.serving.telemetry import moments
from platform_assets.serving.telemetry.budget import STAGE_BUDGET_S, TOTAL_BUDGET_S
from platform_assets.serving.telemetry.gpu_figures import GpuFigures
from platform_assets.serving.telemetry.metric_families import Family
from platform_assets.serving.telemetry.tallies import Cells, Tallies, Values

CONTENT_TYPE = CONTENT_TYPE_LATEST
_REUSED_RESULTS = frozenset({"hit", "shared"})
_FIRST_TIER = "process"


class _Snapshot:
    """What prometheus_client asks for its metrics."""

    def __init__(self, tallies: Tallies, gpus: Iterable[GpuFigures], shown: Iterable[tuple[Family, Values]]) -> None:
        self._tallies = tallies
        self._gpus = tuple(gpus)
        self._shown = tuple(shown)

    def collect(self) -> Iterator[Metric]:
        """Yield every family, also those that have counted nothing yet."""
        counts = self._tallies
        yield from (_histogram(family, counts.histograms[family.name]) for family in families.HISTOGRAMS)
        yield from (_counter(family, counts.counters[family.name]) for family in families.COUNTERS)
        yield from (_gauge(family, counts.gauges[family.name]) for family in families.GAUGES)
        yield _gauge(families.REUSED, reused_ratios(counts.counters[families.CACHE_LOOKUPS.name]))
        yield _gauge(families.FEATURE_MEAN, moments.means(counts.windows))
        yield _gauge(families.FEATURE_DEVIATION, moments.deviations(counts.windows))
        yield _gauge(families.FEATURE_MISSING, moments.missing(counts.windows))
        yield _gauge(families.STAGE_BUDGET, {(stage,): seconds for stage, seconds in STAGE_BUDGET_S.items()})
        yield _gauge(families.TOTAL_BUDGET, {(quantile,): seconds for quantile, seconds in TOTAL_BUDGET_S.items()})
        if self._gpus:
            yield from _gpu_gauges(self._gpus)
        yield from (_gauge(family, values) for family, values in self._shown)


def render(tallies: Tallies, gpus: Iterable[GpuFigures] = (), shown: Iterable[tuple[Family, Values]] = ()) -> bytes:
    """Return the text that Prometheus reads; without a GPU there are no GPU figures at all."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(tallies, gpus, shown))
    return generate_latest(registry)


def reused_ratios(lookups: Values) -> Values:
    """Return, per product, the share of the rows looked up that some tier or another caller's score answered."""
    looked_up: Values = {}
    reused: Values = {}
    for (product, tier, result), rows in lookups.items():
        if tier == _FIRST_TIER:
            looked_up[product,] = looked_up.get((product,), 0.0) + rows
        if result in _REUSED_RESULTS:
            reused[product,] = reused.get((product,), 0.0) + rows
    return {labels: reused.get(labels, 0.0) / rows for labels, rows in looked_up.items() if rows}


def _histogram(family: Family, cells: Cells) -> HistogramMetricFamily:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [*map(floatToGoString, family.bounds), "+Inf"]
    for labels, cell in cells.items():
        metric.add_metric(labels, list(zip(bounds, accumulate(cell[:-1]), strict=True)), cell[-1])
    return metric


def _counter(family: Family, values: Values) -> CounterMetricFamily:
    metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for labels, value in values.items():
        metric.add_metric(labels, value)
    return metric


def _gauge(family: Family, values: Values) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for labels, value in values.items():
        metric.add_metric(labels, value)
    return metric


def _gpu_gauges(gpus: tuple[GpuFigures, ...]) -> Iterator[GaugeMetricFamily]:
    yield _gauge(families.GPU_USED, {(gpu.number,): gpu.used_ratio for gpu in gpus})
    yield _gauge(families.GPU_MEMORY, {(gpu.number,): gpu.memory_used_bytes for gpu in gpus})
    yield _gauge(families.GPU_MEMORY_SIZE, {(gpu.number,): gpu.memory_bytes for gpu in gpus})
