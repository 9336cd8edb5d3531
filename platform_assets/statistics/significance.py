"""How likely a difference of two samples is by chance alone, and what of many such tests still says something."""

import math
from collections.abc import Sequence

import numpy as np

from platform_assets.statistics.distances import Floats

_TERMS = 100
_CERTAIN_BELOW = 0.2  # there the series of Kolmogorov needs many terms, and its value is 1 to twelve digits


def ks_p_value(distance: float, rows: int, others: int) -> float:
    """Return how likely samples of one distribution lie at least this Kolmogorov-Smirnov distance apart.

    Kolmogorov's limit with the correction of Stephens: from about ten rows on; with repeated values it errs to the
    safe side.
    """
    size = math.sqrt(rows * others / (rows + others))
    scaled = (size + 0.12 + 0.11 / size) * distance
    if scaled < _CERTAIN_BELOW:
        return 1.0
    terms = (2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * (k * scaled) ** 2) for k in range(1, _TERMS))
    return min(max(sum(terms), 0.0), 1.0)


def shares_p_value(counts: Floats, others: Floats) -> float:
    """Return how likely two lists of counts by category come from one distribution: chi-squared of homogeneity.

    Categories that neither list has do not count. By Wilson and Hilferty, so without tables; right to about a
    hundredth from one degree of freedom on.
    """
    both = counts + others
    counts, others, both = counts[both > 0], others[both > 0], both[both > 0]
    degrees = len(both) - 1
    if degrees < 1 or not counts.sum() or not others.sum():
        return 1.0
    share = counts.sum() / both.sum()
    expected = both * share
    statistic = float(((counts - expected) ** 2 / (expected * (1.0 - share))).sum())
    ninth = 2.0 / (9.0 * degrees)
    z = ((statistic / degrees) ** (1.0 / 3.0) - (1.0 - ninth)) / math.sqrt(ninth)
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests corrected by Benjamini and Hochberg, in the same order.

    Who calls all of at most 0.05 a difference errs, on average, in 5 % of what is called so, however many tests.
    """
    count = len(p_values)
    if not count:
        return []
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    scaled = values[order] * count / np.arange(count, 0, -1)
    corrected = np.empty(count)
    corrected[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]
