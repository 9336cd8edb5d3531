"""Times the stages of one call, one after the other."""

from collections.abc import Callable

from platform_assets.serving.metrics import Metrics


class Laps:
    """A stopwatch: each lap ends one stage and begins the next."""

    def __init__(self, timer: Callable[[], float], metrics: Metrics) -> None:
        """Start the first stage."""
        self._timer = timer
        self._metrics = metrics
        self._started = self._last = timer()

    def lap(self, product: str, stage: str) -> None:
        """End a stage and add it to the latency budget."""
        now = self._timer()
        self._metrics.observe_stage(product=product, stage=stage, seconds=now - self._last)
        self._last = now

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds from the start to the end of the last lap."""
        return round((self._last - self._started) * 1000.0, 3)
