"""What the declared threshold makes of the test rows: precision, recall and F1 of the label that answers carry."""

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.inference.frame import Floats
from platform_assets.training.evaluation import AtThreshold


def at_threshold(product: Product, label: Floats, score: Floats) -> AtThreshold | None:
    """Return how good the labels are, None without a threshold; `score` is NaN for a row that has none.

    Precision is None where no row is named `at_or_above`, recall where no label is positive, F1 where one of both is.
    """
    threshold = product.score.threshold
    if threshold is None:
        return None
    named, positive = score >= threshold.value, label > 0  # NaN is not at or above
    hits = int(np.sum(named & positive))
    precision, recall = _share(hits, int(named.sum())), _share(hits, int(positive.sum()))
    return AtThreshold(threshold=threshold.value, precision=precision, recall=recall, f1=_f1(precision, recall))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _f1(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
