"""Shares of a sample per bin, and the population stability index between two such lists."""

import numpy as np

from platform_assets.statistics.distances import Floats

BINS = 10


def quantile_edges(reference: Floats, bins: int = BINS) -> Floats:
    """Return the inner edges of bins that hold equal parts of the reference; fewer where values repeat.

    A value that fills more than a bin gets an edge of its own on both sides, so that its mass is seen by itself.
    """
    inner = np.quantile(reference, np.arange(1, bins) / bins, method="inverted_cdf")
    values, counts = np.unique(inner, return_counts=True)
    repeated = values[counts > 1]
    return np.unique(np.concatenate([values, np.nextafter(repeated, np.inf)]))


def class_edges(classes: int) -> Floats:
    """Return the inner edges that give each of the classes 0, 1, ... a bin of its own."""
    return np.arange(1, classes, dtype=np.float64)


def bin_shares(values: Floats, edges: Floats) -> Floats:
    """Return the share of the values per bin; bins are closed on the left and open to both sides at the ends."""
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    shares: Floats = counts / len(values)
    return shares


def psi(expected: Floats, actual: Floats, *, smallest: float) -> float:
    """Return the population stability index of two lists of shares: 0 for equal ones.

    An empty bin counts as `smallest`, half a row of the smaller sample for instance; otherwise it would be infinite.
    """
    left, right = np.maximum(expected, smallest), np.maximum(actual, smallest)
    return float(((right - left) * np.log(right / left)).sum())
