"""The mean of bounded values of one arm: an interval that holds at every moment, narrow where they vary little.

An empirical Bernstein confidence sequence after Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences" (Annals of Statistics, 2021), with their inequality of Fan: for values in [0, 1] of
mean m and a bet in [0, 1) the wealth exp(bet * sum(x - m) - (-log(1 - bet) - bet) * sum((x - m)^2)) is a nonnegative
supermartingale. It is spread over a grid of bets of both signs, and half of the money is bet as on a rate, which
refutes the means far away. Counts, sums and sums of squares are all it needs.
"""

import numpy as np
import numpy.typing as npt

from platform_assets.experiments.log_gamma import Floats
from platform_assets.experiments.rates import Arm, Interval, log_wealth, rate_interval
from platform_assets.experiments.summary import Moments

_BETS = 2.0 ** -np.arange(0.5, 10.5)
_LOG_HALF = float(np.log(0.5))
_LOG_WEIGHT = -float(np.log(2 * len(_BETS)))
_POINTS = 2001


def scaled(values: Moments, bounds: Interval) -> Moments:
    """Return the moments of (value - low) / (high - low)."""
    low, width = bounds[0], bounds[1] - bounds[0]
    return Moments(
        values.count,
        (values.total - low * values.count) / width,
        (values.squares - 2 * low * values.total + low * low * values.count) / width**2,
        (values.low - low) / width,
        (values.high - low) / width,
    )


def mean_interval(values: Moments, bounds: Interval, alpha: float) -> Interval:
    """Return the confidence sequence of the mean of values that lie within bounds: the bounds without any.

    What holds is the set of means that are not refuted; this is the smallest interval around it, within 0.1 % of that
    of the same values taken as a rate.
    """
    unit = scaled(values, bounds)
    # A mean with more than twice 1/alpha on the half that is bet as on a rate is refuted, whatever the other half made.
    means = np.linspace(*rate_interval(Arm(unit.count, unit.total), alpha / 2), _POINTS)
    if unit.count:  # the observed mean is never refuted, however fine the interval is
        means = np.sort(np.append(means, unit.total / unit.count))
    wealth = log_mean_wealth(Arm(unit.count, unit.total), unit.squares, means)
    kept = np.flatnonzero(wealth < np.log(1.0 / alpha))
    first, last = max(int(kept[0]) - 1, 0), min(int(kept[-1]) + 1, len(means) - 1)
    low, width = bounds[0], bounds[1] - bounds[0]
    return low + width * float(means[first]), low + width * float(means[last])


def log_mean_wealth(arm: Arm, squares: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
    """Return the logarithm of the wealth against a mean of values in [0, 1], given the sum of their squares."""
    size, total, against = (np.asarray(part, dtype=np.float64) for part in (arm.size, arm.total, mean))
    sums = (total - size * against)[..., None]
    spread = (np.asarray(squares) - 2 * against * total + size * against**2)[..., None]
    price = (-np.log1p(-_BETS) - _BETS) * spread
    bets = np.concatenate([_BETS * sums - price, -_BETS * sums - price], axis=-1)
    bernstein = np.logaddexp.reduce(bets, axis=-1) + _LOG_WEIGHT
    return np.asarray(_LOG_HALF + np.logaddexp(log_wealth(arm, against), bernstein))
