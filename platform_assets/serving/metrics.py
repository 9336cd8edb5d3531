"""What Prometheus reads at /metrics. Labels are products, releases, stages and reasons; never an entity."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from platform_assets.contract.prediction_log import PredictionLogEntry

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.12, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The metrics of one app; each app has a registry of its own, so that two can live in one process."""

    def __init__(self) -> None:
        """Register every metric."""
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "platform_request_seconds",
            "Duration of HTTP requests.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "platform_stage_seconds",
            "Duration of the parts of a prediction: validate, lookup, score, fallback, answer.",
            ("product", "stage"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stage_children: dict[tuple[str, str], Histogram] = {}
        self._predictions = Counter(
            "platform_predictions",
            "Predictions answered, by the fallback that gave them.",
            ("product", "release", "fallback"),
            registry=self._registry,
        )
        self._reasons = Counter(
            "platform_degraded_predictions",
            "Predictions that were degraded or came from a fallback, by reason.",
            ("product", "reason"),
            registry=self._registry,
        )
        self._releases = Gauge(
            "platform_release_serving",
            "1 for the release that answers, with the state of its product.",
            ("product", "release", "model_version", "state"),
            registry=self._registry,
        )

    def observe_request(self, *, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request."""
        self._requests.labels(route, str(status)).observe(seconds)

    def observe_stage(self, *, product: str, stage: str, seconds: float) -> None:
        """Add one stage of a prediction to the latency budget."""
        child = self._stage_children.get((product, stage))
        if child is None:  # looking a child up by its labels costs more than observing it
            child = self._stage_children[product, stage] = self._stages.labels(product, stage)
        child.observe(seconds)

    def count_predictions(self, entries: list[PredictionLogEntry]) -> None:
        """Count the rows of one answer."""
        answered = Tally((entry.product, entry.release_id, entry.fallback) for entry in entries)
        degraded = Tally((entry.product, entry.reason) for entry in entries if entry.reason is not None)
        for labels, count in answered.items():
            self._predictions.labels(*labels).inc(count)
        for reasons, count in degraded.items():
            self._reasons.labels(*reasons).inc(count)

    def show_releases(self, serving: list[tuple[str, str, int, str]]) -> None:
        """Replace what is shown as serving: product, release, model version and state."""
        self._releases.clear()
        for product, release, model_version, state in serving:
            self._releases.labels(product, release, str(model_version), state).set(1)

    def render(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self._registry)
