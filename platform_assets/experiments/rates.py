"""Rates of two arms, and any mean of values in [0, 1], by intervals that hold at every moment at once.

For each pair of possible rates there is a wealth: what a gambler would have made of 1 by betting against that pair,
answer by answer. Against the true pair it is a nonnegative supermartingale whatever the order in which both arms
answer, so it ever reaches 1/alpha with a probability of at most alpha (Ville). The pairs against which it has not are
a confidence sequence, also at a moment that was chosen by looking (Waudby-Smith and Ramdas, "Estimating means of
bounded random variables by betting", JRSS B 2024; Robbins, "Statistical methods related to the law of the iterated
logarithm", 1970).

Half of the money is bet on each arm by itself (Beta(1/2, 1/2) mixture), the other half on their difference: on a tilt
of the treatment and the opposite tilt of the control at once, spread evenly over a grid of tilts. The logarithm of
both is convex in the rates. Only counts and sums matter, so what several workers saw is added up. That the values of
an arm have the same mean given the past is assumed; that they are 0 or 1 is not, for betting on any other value in [0,
1] wins less.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platform_assets.experiments.log_gamma import Floats, log_gamma

# Log odds between the rate bet on and the rate bet against: from a difference of 0.1 % at rates of a half to 50-fold
# rates.
_TILTS = np.concatenate([sign * 2.0 ** np.arange(-8.0, 3.0) for sign in (1, -1)])
_LOG_HALF = float(np.log(0.5))
_LOG_WEIGHT = -float(np.log(len(_TILTS)))
_LOG_PI = float(np.log(np.pi))
_TINY = 1e-12
_POINTS = 48
_ROUNDS = 5
_BISECTIONS = 30

Interval = tuple[float, float]


class Arm(NamedTuple):
    """How many values in [0, 1] an arm has, and their sum; arrays of one shape hold many arms at once."""

    size: npt.ArrayLike
    total: npt.ArrayLike


class Pair(NamedTuple):
    """Control and treatment; `tie` is the planned share of the treatment over the control's.

    It only steers the bets: with another the intervals are wider, not wrong.
    """

    control: Arm
    treatment: Arm
    tie: float = 1.0


def log_wealth(arm: Arm, mean: npt.ArrayLike) -> Floats:
    """Return the logarithm of the wealth of betting on one arm alone against a mean in [0, 1]."""
    size, total, against = _arrays(arm, mean)
    return np.asarray(_mixture(size, total) - total * np.log(against) - (size - total) * np.log1p(-against))


def log_evidence(pair: Pair, control_mean: npt.ArrayLike, treatment_mean: npt.ArrayLike) -> Floats:
    """Return the logarithm of the wealth against a pair of means; log(1/alpha) refutes it at any moment."""
    apart = log_wealth(pair.control, control_mean) + log_wealth(pair.treatment, treatment_mean)
    tilted = _tilted(pair.treatment, treatment_mean, _TILTS) + _tilted(pair.control, control_mean, -pair.tie * _TILTS)
    return np.asarray(_LOG_HALF + np.logaddexp(apart, np.logaddexp.reduce(tilted, axis=-1) + _LOG_WEIGHT))


def least_log_evidence(pair: Pair, *, slope: float = 1.0, shift: float = 0.0, below: float = -np.inf) -> float:
    """Return the evidence against the most plausible pair with treatment mean = slope * control mean + shift.

    Infinity when no such pair lies in [0, 1]. The minimum of the convex function is closed in by ever finer grids; the
    search ends early with any value under `below`.
    """
    low, high = max(0.0, -shift / slope), min(1.0, (1.0 - shift) / slope)
    if low > high:
        return np.inf
    least = np.inf
    for _ in range(_ROUNDS):
        means = np.linspace(low, high, _POINTS)
        found = log_evidence(pair, means, slope * means + shift)
        best = int(found.argmin())
        least = min(least, float(found[best]))
        if least < below:
            break
        low, high = float(means[max(best - 1, 0)]), float(means[min(best + 1, _POINTS - 1)])
    return least


def rate_interval(arm: Arm, alpha: float) -> Interval:
    """Return the confidence sequence of one arm's mean: (0, 1) without values."""
    size, total, _ = (float(part) for part in _arrays(arm, 0.5))
    refuted = math.log(1.0 / alpha) - float(_mixture(*_arrays(arm, 0.5)[:2]))

    def is_plausible(mean: float) -> bool:
        against = min(max(mean, _TINY), 1.0 - _TINY)
        return -total * math.log(against) - (size - total) * math.log1p(-against) < refuted

    observed = _observed(arm)
    return _edge(is_plausible, observed, 0.0), _edge(is_plausible, observed, 1.0)


def difference_interval(pair: Pair, alpha: float) -> Interval:
    """Return the confidence sequence of treatment mean - control mean: (-1, 1) without values."""
    refuted = float(np.log(1.0 / alpha))

    def is_plausible(shift: float) -> bool:
        return least_log_evidence(pair, shift=shift, below=refuted) < refuted

    observed = _observed(pair.treatment) - _observed(pair.control)
    return _edge(is_plausible, observed, -1.0), _edge(is_plausible, observed, 1.0)


def is_ratio_above(pair: Pair, ratio: float, alpha: float) -> bool:
    """Return whether the treatment's mean is shown to be above `ratio` times the control's."""
    if _observed(pair.treatment) <= ratio * _observed(pair.control):
        return False
    return least_log_evidence(pair, slope=ratio) >= float(np.log(1.0 / alpha))


def is_rate_above(arm: Arm, limit: float, alpha: float) -> bool:
    """Return whether one arm's mean is shown to be above a limit."""
    return _observed(arm) > limit and float(log_wealth(arm, limit)) >= float(np.log(1.0 / alpha))


def is_rate_below(arm: Arm, limit: float, alpha: float) -> bool:
    """Return whether one arm's mean is shown to be below a limit."""
    return _observed(arm) < limit and float(log_wealth(arm, limit)) >= float(np.log(1.0 / alpha))


def is_drop_above(pair: Pair, drop: float, alpha: float) -> bool:
    """Return whether the treatment's mean is shown to be more than `drop` below the control's."""
    if _observed(pair.control) - _observed(pair.treatment) <= drop:
        return False
    return least_log_evidence(pair, shift=-drop) >= float(np.log(1.0 / alpha))


def is_rise_above(pair: Pair, rise: float, alpha: float) -> bool:
    """Return whether the treatment's mean is shown to be more than `rise` above the control's."""
    if _observed(pair.treatment) - _observed(pair.control) <= rise:
        return False
    return least_log_evidence(pair, shift=rise) >= float(np.log(1.0 / alpha))


def _mixture(size: Floats, total: Floats) -> Floats:
    """Return the log probability of an arm's values under the mixture that is bet on."""
    return log_gamma(total + 0.5) + log_gamma(size - total + 0.5) - log_gamma(size + 1.0) - _LOG_PI


def _arrays(arm: Arm, mean: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    size, total = np.asarray(arm.size, dtype=np.float64), np.asarray(arm.total, dtype=np.float64)
    return size, total, np.clip(np.asarray(mean, dtype=np.float64), _TINY, 1.0 - _TINY)


def _tilted(arm: Arm, mean: npt.ArrayLike, tilts: Floats) -> Floats:
    """Return the log wealth of one bet per tilt [..., tilts]: tilt * total - size * log E[exp(tilt * value)]."""
    size, total, against = (part[..., None] for part in _arrays(arm, mean))
    return np.asarray(tilts * total - size * np.logaddexp(np.log1p(-against), np.log(against) + tilts))


def _observed(arm: Arm) -> float:
    return float(np.divide(arm.total, arm.size)) if arm.size else 0.5


def _edge(is_plausible: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where plausibility ends between a plausible and a farthest value, on the side that includes it."""
    if is_plausible(outside):
        return outside
    for _ in range(_BISECTIONS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_plausible(middle) else (inside, middle)
    return outside
