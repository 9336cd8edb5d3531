"""Metrics, each prepared once for a sample and then evaluated under row weights, so that a bootstrap is quick.

A weight is how often a row was drawn; the plain metric has weight 1 everywhere. A metric that is undefined for a
sample (one class only, no row) is NaN.
"""

from collections.abc import Callable

import numpy as np

from platform_assets.statistics.distances import Floats

Weighted = Callable[[Floats], float]
_BINS = 10
_LEAST_PROBABILITY = 1e-15


def auc(label: Floats, score: Floats) -> Weighted:
    """Area under the ROC curve: the share of pairs ordered rightly, ties count one half."""
    order, group = _sorted_groups(score)
    positive = label[order] > 0

    def measure(weights: Floats) -> float:
        sorted_weights = weights[order]
        up = np.bincount(group, sorted_weights * positive)
        down = np.bincount(group, sorted_weights * ~positive)
        below = np.cumsum(down) - down
        pairs = up.sum() * down.sum()
        return float((up * (below + down / 2)).sum() / pairs) if pairs else np.nan

    return measure


def average_precision(label: Floats, score: Floats) -> Weighted:
    """Mean precision over the positives, in descending order of the score; ties form one step."""
    order, group = _sorted_groups(-score)
    positive = label[order] > 0

    def measure(weights: Floats) -> float:
        sorted_weights = weights[order]
        hits = np.bincount(group, sorted_weights * positive)
        seen = np.bincount(group, sorted_weights)
        found, shown = np.cumsum(hits), np.cumsum(seen)
        precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
        return float((hits * precision).sum() / found[-1]) if len(found) and found[-1] else np.nan

    return measure


def brier(label: Floats, score: Floats) -> Weighted:
    """Mean squared difference of probability and outcome."""
    return mean_of((score - label) ** 2)


def log_loss(label: Floats, score: Floats) -> Weighted:
    """Mean negative logarithm of the probability of what came true; certainty counts as one in 10^15 off."""
    sure = np.clip(score, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
    return mean_of(-np.log(np.where(label > 0, sure, 1.0 - sure)))


def mae(label: Floats, score: Floats) -> Weighted:
    """Mean absolute error, in the unit of the score."""
    return mean_of(np.abs(score - label))


def coverage(_label: Floats, score: Floats) -> Weighted:
    """Share of the rows that have a score."""
    return mean_of(np.isfinite(score).astype(np.float64))


def calibration_error(label: Floats, score: Floats) -> Weighted:
    """Mean gap (ECE) of predicted and observed rate over ten bins of equal row count."""
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    bins = rank * _BINS // max(len(score), 1)

    def measure(weights: Floats) -> float:
        gaps = np.abs(np.bincount(bins, weights * (score - label), minlength=_BINS))
        total = weights.sum()
        return float(gaps.sum() / total) if total else np.nan

    return measure


def spearman(label: Floats, score: Floats) -> Weighted:
    """Rank correlation, ties at their mean rank."""
    label_sorted, score_sorted = _sorted_groups(label), _sorted_groups(score)

    def measure(weights: Floats) -> float:
        return _correlation(_ranks(*label_sorted, weights), _ranks(*score_sorted, weights), weights)

    return measure


def mean_of(values: Floats) -> Weighted:
    """Mean of the values."""

    def measure(weights: Floats) -> float:
        total = weights.sum()
        return float(weights @ values / total) if total else np.nan

    return measure


def _sorted_groups(values: Floats) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return order, np.cumsum(np.concatenate(([0], ordered[1:] != ordered[:-1])))


def _ranks(order: np.ndarray, group: np.ndarray, weights: Floats) -> Floats:
    mass = np.bincount(group, weights[order])
    middle = np.cumsum(mass) - mass / 2
    ranks = np.empty(len(order))
    ranks[order] = middle[group]
    return ranks


def _correlation(first: Floats, second: Floats, weights: Floats) -> float:
    total = weights.sum()
    if not total:
        return np.nan
    one, two = first - (weights @ first) / total, second - (weights @ second) / total
    scale = np.sqrt((weights @ one**2) * (weights @ two**2))
    return float((weights * one) @ two / scale) if scale else np.nan
