"""Which metrics a product is judged by, and each of them for a sample under row weights."""

from collections.abc import Callable

import numpy as np

from platform_assets.contract.evaluation import COMPARED_BY, Metric
from platform_assets.contract.product import Product
from platform_assets.contract.score import ScoreKind
from platform_assets.inference.frame import Floats
from platform_assets.statistics.weighted_metrics import (
    Weighted,
    auc,
    average_precision,
    brier,
    calibration_error,
    coverage,
    mae,
    spearman,
)

METRICS_BY_KIND: dict[ScoreKind, tuple[Metric, ...]] = {
    "probability": ("auc", "average_precision", "brier", "calibration_error"),
    "estimate": ("mae", "spearman"),
    "class": ("coverage", "spearman"),
}
LOWER_IS_BETTER: frozenset[Metric] = frozenset({"brier", "calibration_error", "mae"})
# What can be asked of a column that orders rows but is no probability.
RANK_METRICS: tuple[Metric, ...] = ("auc", "average_precision", "spearman")


def primary_metric(product: Product) -> Metric:
    """Return the metric by which versions of a product are compared: the declared one, else the first of its kind."""
    return product.acceptance.metric or COMPARED_BY[product.score.kind][0]


def prepare_metric(metric: Metric, label: Floats, score: Floats) -> Weighted:
    """Return the metric of scores against labels as a function of row weights; raises KeyError for `agreement`."""
    if not len(score):
        return lambda _weights: np.nan
    return _PREPARE[metric](label, score)


def advantage(metric: Metric, model: Weighted, other: Weighted) -> Weighted:
    """Return how much better one of two prepared scorers is: positive is better whatever the metric."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    return lambda weights: sign * (model(weights) - other(weights))


_PREPARE: dict[Metric, Callable[[Floats, Floats], Weighted]] = {
    "auc": auc,
    "average_precision": average_precision,
    "brier": brier,
    "calibration_error": calibration_error,
    "mae": mae,
    "spearman": spearman,
    "coverage": coverage,
}
