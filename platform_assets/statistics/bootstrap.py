"""Confidence intervals by resampling whole entities, because rows of one entity are not independent."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platform_assets.statistics.distances import Floats
from platform_assets.statistics.weighted_metrics import Weighted

RESAMPLES = 200
_LOW, _HIGH = 0.025, 0.975


class Interval(NamedTuple):
    """A value with its 95 % percentile interval; NaN where it is undefined."""

    value: float
    low: float
    high: float


class Bootstrap:
    """Draws the same resamples of a sample for every metric, so that differences are paired."""

    def __init__(self, entities: npt.NDArray[np.object_], *, seed: int) -> None:
        """Take the entity of each row."""
        codes = np.unique(entities.astype(str), return_inverse=True)[1].reshape(-1)
        self._codes = codes
        self._rows = len(codes)
        self._seed = seed

    def interval(self, metric: Weighted) -> Interval:
        """Return the metric on the sample with its interval over the resamples."""
        draws = np.array([metric(weights) for weights in self._weights()])
        draws = draws[np.isfinite(draws)]
        value = metric(np.ones(self._rows))
        if not draws.size:
            return Interval(value, np.nan, np.nan)
        low, high = np.quantile(draws, (_LOW, _HIGH))
        return Interval(value, float(low), float(high))

    def _weights(self) -> Iterator[Floats]:
        if not self._rows:
            return
        generator = np.random.default_rng(self._seed)
        count = int(self._codes.max()) + 1
        for _ in range(RESAMPLES):
            drawn = np.bincount(generator.integers(0, count, count), minlength=count).astype(np.float64)
            yield drawn[self._codes]
