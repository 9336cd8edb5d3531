"""Whether the scores are distributed as in the last batch, and as over the training rows: PSI, KS and quantiles."""

from collections.abc import Callable
from typing import Literal

from platform_assets.batch.guarding.comparison import LEAST_ROWS, Guardrail, against_last
from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, judged, unjudged
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.statistics.chance import ks_by_chance, psi_by_chance, ranks_by_chance
from platform_assets.statistics.distances import Floats, ks_distance, wasserstein_distance
from platform_assets.statistics.quantiles import PROBABILITIES, quantile_shift
from platform_assets.statistics.shares import bin_shares, class_edges, psi, quantile_edges

# (evidence, guardrail, scores to compare with, how many rows these stand for, what they are) -> verdict
_Statistic = Callable[[Evidence, GuardrailName, Floats, int, str], GuardrailResult]
Statistic = Literal["psi", "ks", "quantiles"]


def from_last(statistic: Statistic) -> Guardrail:
    """Return the guardrail that compares the scores with those of the last batch by one statistic."""
    name: GuardrailName = _NAMES[statistic, "last"]

    @against_last(name)
    def compare(evidence: Evidence, last: LastBatch) -> GuardrailResult:
        scores = last.rows.finite
        return _compared(statistic, evidence, name, scores, len(scores), f"the batch of {last.as_of.date()}")

    return compare


def from_training(statistic: Statistic) -> Guardrail:
    """Return the guardrail that compares the scores with those of the training rows by one statistic."""
    name: GuardrailName = _NAMES[statistic, "training"]

    def compare(evidence: Evidence) -> GuardrailResult:
        if evidence.reference is None:
            return unjudged(name, "nothing to compare with yet", "the bundle was made without a reference")
        rows = evidence.reference.rows
        return _compared(statistic, evidence, name, evidence.reference_scores, rows, "the training rows")

    return compare


def _compared(
    statistic: Statistic, evidence: Evidence, name: GuardrailName, others: Floats, rows: int, what: str
) -> GuardrailResult:
    scores = evidence.rows.finite
    if evidence.product.score.kind == "class" and statistic != "psi":
        return unjudged(name, "does not apply", "the score is a class")
    if min(len(scores), rows) < LEAST_ROWS:
        return unjudged(name, "too few rows to compare", f"{len(scores)} scores, {rows} of {what}")
    return _STATISTICS[statistic](evidence, name, others, rows, what)


def _psi(evidence: Evidence, name: GuardrailName, others: Floats, rows: int, what: str) -> GuardrailResult:
    scores, score = evidence.rows.finite, evidence.product.score
    edges = class_edges(len(score.classes)) if score.kind == "class" else quantile_edges(others)
    smallest = 0.5 / min(len(scores), rows)
    index = psi(bin_shares(others, edges), bin_shares(scores, edges), smallest=smallest)
    chance = psi_by_chance(len(edges) + 1, len(scores), rows)
    return _verdict(evidence, name, index, f"PSI {index:.3f} from {what}", others, rows, chance)


def _ks(evidence: Evidence, name: GuardrailName, others: Floats, rows: int, what: str) -> GuardrailResult:
    scores = evidence.rows.finite
    distance = ks_distance(scores, others)
    moved = wasserstein_distance(scores, others)
    told = (
        f"KS distance {distance:.3f} from {what}, scores moved by {moved:.4g} {evidence.product.score.unit} on average"
    )
    return _verdict(evidence, name, distance, told, others, rows, ks_by_chance(len(scores), rows))


def _quantiles(evidence: Evidence, name: GuardrailName, others: Floats, rows: int, what: str) -> GuardrailResult:
    scores = evidence.rows.finite
    shift = quantile_shift(others, scores, chance=ranks_by_chance(PROBABILITIES, len(scores), rows))
    told = f"a quantile moved by {shift:.3f} of the spread of {what}, beyond chance"
    return _verdict(evidence, name, shift, told, others, rows, 0.0)


def _verdict(
    evidence: Evidence, name: GuardrailName, value: float, told: str, others: Floats, rows: int, chance: float
) -> GuardrailResult:
    scores = evidence.rows.finite
    numbers = {
        "scores": float(len(scores)),
        "compared_scores": float(rows),
        "mean": float(scores.mean()),
        "compared_mean": float(others.mean()),
    }
    samples = {"this batch": scores, "compared with": others}
    return judged(evidence.product, name, value, told, chance=chance, numbers=numbers, samples=samples)


_STATISTICS: dict[Statistic, _Statistic] = {"psi": _psi, "ks": _ks, "quantiles": _quantiles}
_NAMES: dict[tuple[Statistic, Literal["last", "training"]], GuardrailName] = {
    ("psi", "last"): "psi_from_last",
    ("ks", "last"): "ks_from_last",
    ("quantiles", "last"): "quantiles_from_last",
    ("psi", "training"): "psi_from_training",
    ("ks", "training"): "ks_from_training",
    ("quantiles", "training"): "quantiles_from_training",
}
