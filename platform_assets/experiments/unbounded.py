"""The difference of means of values without bounds, such as revenue: asymptotic, and valid at every late moment.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
theory and asymptotic confidence sequences" (Annals of Statistics, 2024). Approximate are: the values are taken as if
their sum were a normal walk of the observed variance, so early intervals of skewed values are too narrow and nothing
is said below a smallest count; and no count is large enough for values whose variance is infinite.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platform_assets.experiments.log_gamma import Floats
from platform_assets.experiments.rates import Interval
from platform_assets.experiments.summary import Moments

Bools = npt.NDArray[np.bool_]

# While one value carries more of the variance than this, their sum is not near enough to a normal walk.
_LARGEST_PART = 0.1


class Spread(NamedTuple):
    """Count, mean and variance of an arm's values; arrays of one shape hold many arms at once."""

    size: npt.ArrayLike
    mean: npt.ArrayLike
    variance: npt.ArrayLike


def log_evidence(control: Spread, treatment: Spread, alpha: float, narrowest_at: float) -> Floats:
    """Return the logarithm of the asymptotic evidence against equal means; log(1/alpha) shows a difference."""
    walk, spread = _walk(control, treatment, alpha, narrowest_at)
    difference = np.asarray(treatment.mean) - np.asarray(control.mean)
    return np.asarray(difference**2 * spread / (2.0 * walk * (spread + 1.0)) - 0.5 * np.log(spread + 1.0))


def unbounded_difference(control: Moments, treatment: Moments, alpha: float, narrowest_at: float) -> Interval:
    """Return the asymptotic confidence sequence of treatment mean - control mean.

    `narrowest_at` is the count of both arms together at which it is the narrowest that it can be there; the choice has
    to be made before looking. Both arms need values that differ.
    """
    walk, spread = _walk(_spread(control), _spread(treatment), alpha, narrowest_at)
    half = float(np.sqrt(walk * (spread + 1.0) / spread * 2.0 * np.log(np.sqrt(spread + 1.0) / alpha)))
    difference = treatment.total / treatment.count - control.total / control.count
    return difference - half, difference + half


def unbounded_p_value(control: Moments, treatment: Moments, alpha: float, narrowest_at: float) -> float:
    """Return the asymptotic p-value against equal means, valid at every moment."""
    evidence = float(log_evidence(_spread(control), _spread(treatment), alpha, narrowest_at))
    return math.exp(min(0.0, -evidence))


def is_even_enough(values: Moments) -> bool:
    """Return whether no single value carries so much of the variance that the interval could not be relied on."""
    return values.variance > 0 and not is_heavy(_spread(values), values.low, values.high)


def is_heavy(spread: Spread, low: npt.ArrayLike, high: npt.ArrayLike) -> Bools:
    """Return whether the farthest of the values between low and high carries too much of the variance."""
    mean = np.asarray(spread.mean)
    farthest = np.maximum(high - mean, mean - low)
    return np.asarray(farthest**2 > _LARGEST_PART * np.asarray(spread.size) * np.asarray(spread.variance))


def _walk(control: Spread, treatment: Spread, alpha: float, narrowest_at: float) -> tuple[Floats, Floats]:
    """Return the variance of the difference of means, and the mixture's variance times the count."""
    sizes = np.asarray(control.size, dtype=np.float64), np.asarray(treatment.size, dtype=np.float64)
    walk = np.asarray(control.variance) / sizes[0] + np.asarray(treatment.variance) / sizes[1]
    two_log = -2.0 * math.log(alpha)
    return np.asarray(walk), (sizes[0] + sizes[1]) * (two_log + math.log(two_log + 1.0)) / narrowest_at


def _spread(values: Moments) -> Spread:
    return Spread(values.count, values.total / values.count, values.variance)
