"""Whether the scores still tell rows apart: one score for most rows, or far fewer different ones than last time."""

import numpy as np

from platform_assets.batch.guarding.comparison import LEAST_ROWS, against_last
from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, judged, unjudged


def same_score(evidence: Evidence) -> GuardrailResult:
    """Give the share of the commonest score."""
    scores = evidence.rows.finite
    if len(scores) < LEAST_ROWS:
        return unjudged("same_score", "too few rows to compare", f"{len(scores)} scores")
    values, counts = np.unique(scores, return_counts=True)
    commonest = int(counts.argmax())
    told = f"{counts[commonest]} of {len(scores)} scores are {values[commonest]:g}"
    numbers = {"scores": float(len(scores)), "different": float(len(values)), "commonest": float(values[commonest])}
    return judged(evidence.product, "same_score", float(counts[commonest] / len(scores)), told, numbers=numbers)


@against_last("fewer_scores")
def fewer_scores(evidence: Evidence, last: LastBatch) -> GuardrailResult:
    """Give the loss of different scores per row, as a share of the last batch's: rounding, binning, default values."""
    now, before = evidence.rows.finite, last.rows.finite
    if evidence.product.score.kind == "class":
        return unjudged("fewer_scores", "does not apply", "the score is a class")
    if min(len(now), len(before)) < LEAST_ROWS:
        return unjudged("fewer_scores", "too few rows to compare", f"{len(now)} scores after {len(before)}")
    # The larger a batch, the more often scores repeat: equally many rows are compared.
    size = min(len(now), len(before))
    different, different_before = _different(now, size), _different(before, size)
    told = f"{different} different scores in {size} rows after {different_before}"
    numbers = {"rows_compared": float(size), "different": float(different), "last_different": float(different_before)}
    return judged(evidence.product, "fewer_scores", 1.0 - different / different_before, told, numbers=numbers)


def _different(scores: np.ndarray, size: int) -> int:
    return len(np.unique(scores[np.linspace(0, len(scores) - 1, size).astype(int)]))
