"""Distances between two samples of numbers; both must be finite and not empty."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ks_distance(one: Floats, other: Floats) -> float:
    """Return the largest difference of the two cumulative distributions, from 0 (equal) to 1 (disjoint)."""
    both = np.concatenate([one, other])
    return float(np.abs(_cumulative(one, both) - _cumulative(other, both)).max())


def wasserstein_distance(one: Floats, other: Floats) -> float:
    """Return the mean distance by which mass must move to turn one distribution into the other, in the unit of both."""
    both = np.sort(np.concatenate([one, other]))
    between = np.abs(_cumulative(one, both[:-1]) - _cumulative(other, both[:-1]))
    return float((between * np.diff(both)).sum())


def _cumulative(sample: Floats, at: Floats) -> Floats:
    shares: Floats = np.searchsorted(np.sort(sample), at, side="right") / len(sample)
    return shares
