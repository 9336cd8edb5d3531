"""Uncertainty of a score, learned from out-of-fold predictions: one number per score, in the score's unit."""

import math

import numpy as np

from platform_assets.contract.score import ScoreKind
from platform_assets.inference.frame import Floats
from platform_assets.inference.tables import LinearTable

COVERED_SHARE = 0.8
_BINS = 10


def fit_uncertainty(kind: ScoreKind, score: Floats, label: Floats) -> LinearTable | None:
    """Return the uncertainty by score; None for classes and where there is no row.

    For an estimate it is the half-width of an interval that covers the truth in 80 % of cases (split conformal, per
    score bin); for a probability it is the standard error of the rate observed among rows of that score.
    """
    if kind == "class" or not score.size:
        return None
    width = _half_width if kind == "estimate" else _standard_error
    order = np.argsort(score, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if part.size]
    table = {float(score[part].mean()): width(score[part], label[part]) for part in bins}  # equal scores: the last bin
    centres = sorted(table)
    return LinearTable(x=tuple(centres), y=tuple(table[centre] for centre in centres))


def _half_width(score: Floats, label: Floats) -> float:
    errors = np.sort(np.abs(label - score))
    rank = math.ceil((len(errors) + 1) * COVERED_SHARE)  # the finite-sample rank of split conformal prediction
    return float(errors[min(rank, len(errors)) - 1])


def _standard_error(score: Floats, label: Floats) -> float:
    # One success and one failure more (Agresti-Coull) keep a pure bin from claiming certainty.
    count = len(score) + 2
    rate = (label.sum() + 1) / count
    return float(math.sqrt(rate * (1 - rate) / count))
