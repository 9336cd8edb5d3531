"""The mean of the scores of several models, in one order of summation for batch, online, evaluation and replay."""

from collections.abc import Sequence

import numpy as np

from platform_assets.inference.frame import Floats


def weighted_mean(scores: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return (w1 s1 + w2 s2 + ...) / (w1 + w2 + ...) of each row, every sum from left to right in float64.

    A row has the same bits alone and among others; equal weights of 1 give the plain mean. Scores from 0 to 1 have a
    mean from 0 to 1, since both sums are rounded in the same order. A missing score makes a missing mean.
    """
    with np.errstate(all="ignore"):  # an infinite score may give NaN: the guard speaks, not a warning
        total, weight_sum = scores[0] * weights[0], weights[0]
        for score, weight in zip(scores[1:], weights[1:], strict=True):
            total = total + score * weight
            weight_sum += weight
        mean: Floats = total / weight_sum
    return mean
