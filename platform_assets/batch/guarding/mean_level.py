"""Whether the batch says on average what came true before: its mean, and its agreement with labels that arrived."""

from platform_assets.batch.guarding.comparison import LEAST_ROWS
from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.batch.guarding.result import GuardrailResult, judged, unjudged
from platform_assets.statistics.chance import mean_by_chance


def mean_score(evidence: Evidence) -> GuardrailResult:
    """Give how far the mean score lies outside the base rates of the training data's months.

    In the score's unit for a probability, as a share of the overall base rate for an estimate.
    """
    reference, scores = evidence.reference, evidence.rows.finite
    if evidence.product.score.kind == "class":
        return unjudged("mean_score", "does not apply", "the score is a class")
    if reference is None:
        return unjudged("mean_score", "nothing to compare with yet", "the bundle was made without a reference")
    if len(scores) < LEAST_ROWS:
        return unjudged("mean_score", "too few rows to compare", f"{len(scores)} scores")
    mean, low, high = float(scores.mean()), reference.base_rate_low, reference.base_rate_high
    unit = _unit(evidence, reference.base_rate)
    return judged(
        evidence.product,
        "mean_score",
        max(low - mean, mean - high, 0.0) / unit,
        f"mean {mean:.4g}, monthly base rates from {low:.4g} to {high:.4g}",
        chance=mean_by_chance(scores) / unit,
        numbers={
            "mean": mean,
            "low": low,
            "high": high,
            "base_rate": reference.base_rate,
            "scores": float(len(scores)),
        },
        samples={"this batch": scores},
    )


def calibration(evidence: Evidence) -> GuardrailResult:
    """Give the distance of mean score and mean label of the newest batch whose truth has arrived.

    It speaks of the model, not of this batch, so by default it only warns.
    """
    matured = evidence.matured
    if evidence.product.score.kind == "class":
        return unjudged("calibration", "does not apply", "the score is a class")
    if matured is None or len(matured.scores) < LEAST_ROWS:
        return unjudged("calibration", "nothing to compare with yet", "no published batch has enough labels")
    score, label = float(matured.scores.mean()), float(matured.labels.mean())
    unit = _unit(evidence, label)
    return judged(
        evidence.product,
        "calibration",
        abs(score - label) / unit,
        f"batch of {matured.as_of.date()}: mean score {score:.4g}, mean label {label:.4g}",
        chance=mean_by_chance(matured.labels) / unit,
        numbers={"rows": float(len(matured.scores)), "mean_score": score, "mean_label": label},
        samples={"scores": matured.scores, "labels": matured.labels},
    )


def _unit(evidence: Evidence, rate: float) -> float:
    return 1.0 if evidence.product.score.kind == "probability" or not rate else abs(rate)
