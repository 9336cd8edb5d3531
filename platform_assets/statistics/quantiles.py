"""Quantiles of two samples, and by how much they moved."""

from collections.abc import Sequence

import numpy as np

from platform_assets.statistics.distances import Floats

PROBABILITIES = (0.1, 0.25, 0.5, 0.75, 0.9)


def spread(sample: Floats) -> float:
    """Return the distance between the tenth and the ninetieth percentile."""
    low, high = np.quantile(sample, (0.1, 0.9))
    return float(high - low)


def quantile_shift(
    reference: Floats, sample: Floats, *, chance: Floats, probabilities: Sequence[float] = PROBABILITIES
) -> float:
    """Return the largest move of a quantile in units of the reference's spread, beyond what chance explains.

    `chance` is by how much the rank of each quantile may vary; a quantile that stays among the reference's quantiles
    of those ranks has not moved. Infinite where the reference has no spread and the sample differs.
    """
    ranks = np.asarray(probabilities, dtype=np.float64)
    found = np.quantile(sample, ranks)
    low = np.quantile(reference, np.clip(ranks - chance, 0.0, 1.0))
    high = np.quantile(reference, np.clip(ranks + chance, 0.0, 1.0))
    moved = float(np.maximum(np.maximum(low - found, found - high), 0.0).max())
    scale = spread(reference)
    if moved == 0.0:
        return 0.0
    return moved / scale if scale > 0.0 else float("inf")


def evenly_ranked(sample: Floats, size: int) -> Floats:
    """Return that many values of the sample, evenly spaced in rank: a small stand-in for all of it."""
    ranks = (np.arange(size) + 0.5) / size
    values: Floats = np.quantile(sample, ranks, method="inverted_cdf")
    return values
