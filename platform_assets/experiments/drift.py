"""How far the distributions of two releases' scores are apart, by a bound that holds at every moment.

The distance is the largest difference of the distribution functions (Kolmogorov and Smirnov). The band around each is
the time-uniform one of Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B testing and
best-arm identification" (Bernoulli, 2022). Bucketed scores can only bring distributions nearer, so what is shown is
true of the scores.
"""

import math
from typing import NamedTuple

from platform_assets.experiments.histogram import Histogram, distribution_gaps


class Drift(NamedTuple):
    """The observed distance in [0, 1], and the one that the true distance is at least."""

    observed: float
    at_least: float


def score_drift(control: Histogram, treatment: Histogram, alpha: float) -> Drift | None:
    """Return the distance of two distributions, or None while one has no score."""
    if not (control.total and treatment.total):
        return None
    observed = max(distribution_gaps(control, treatment))
    band = _band(control.total, alpha / 2) + _band(treatment.total, alpha / 2)
    return Drift(observed, max(0.0, observed - band))


def _band(size: int, alpha: float) -> float:
    """Return how far an observed distribution function of so many values ever is from the true one."""
    return 0.85 * math.sqrt((math.log(math.log(math.e * size)) + 0.8 * math.log(1612 / alpha)) / size)
