"""How far two samples of one distribution lie apart by chance alone, at one time in a thousand."""

from collections.abc import Sequence

import numpy as np

from platform_assets.statistics.distances import Floats

_Z = 3.09  # the normal quantile of 0.999
_KS = 1.949  # sqrt(-ln(0.001 / 2) / 2)


def ks_by_chance(rows: int, others: int) -> float:
    """Return the Kolmogorov-Smirnov distance that samples of these sizes exceed once in a thousand times."""
    return float(_KS * np.sqrt(1.0 / rows + 1.0 / others))


def psi_by_chance(bins: int, rows: int, others: int) -> float:
    """Return the index that samples of these sizes exceed once in a thousand times: a scaled chi-squared variable."""
    degrees = max(bins - 1, 1)
    ninth = 2.0 / (9.0 * degrees)
    quantile = degrees * (1.0 - ninth + _Z * np.sqrt(ninth)) ** 3  # Wilson and Hilferty
    return float(quantile * (1.0 / rows + 1.0 / others))


def ranks_by_chance(probabilities: Sequence[float], rows: int, others: int) -> Floats:
    """Return by how much the rank of each quantile varies between samples of these sizes."""
    ranks = np.asarray(probabilities, dtype=np.float64)
    varied: Floats = _Z * np.sqrt(ranks * (1.0 - ranks) * (1.0 / rows + 1.0 / others))
    return varied


def share_by_chance(share: float, rows: int) -> float:
    """Return by how much a share of so many rows exceeds its expectation once in a thousand times."""
    return float(_Z * np.sqrt(max(share * (1.0 - share), 0.0) / rows) + 0.5 / rows)


def mean_by_chance(sample: Floats) -> float:
    """Return by how much the mean of such a sample varies."""
    return float(_Z * sample.std() / np.sqrt(len(sample)))
