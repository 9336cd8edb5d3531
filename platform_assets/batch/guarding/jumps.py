"""How the scores of the same entities moved since the last batch: too far, or not at all."""

from platform_assets.batch.guarding.comparison import LEAST_ROWS, against_last
from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, judged, unjudged
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.statistics.chance import share_by_chance
from platform_assets.statistics.distances import Floats
from platform_assets.statistics.quantiles import spread

_QUARTER = 0.25


@against_last("score_jumps")
def score_jumps(evidence: Evidence, last: LastBatch) -> GuardrailResult:
    """Give the share of what both batches speak of whose score moved by more than the declared size."""
    moves, size = evidence.keys.moves, jump_size(evidence, last)
    if len(moves) < LEAST_ROWS:
        return _too_few("score_jumps", moves)
    jumped = int((moves > size).sum())
    told = f"{jumped} of {len(moves)} scores moved by more than {size:.4g} {evidence.product.score.unit}"
    chance = share_by_chance(evidence.product.guardrails.limit("score_jumps").warn or 0.0, len(moves))
    return judged(
        evidence.product,
        "score_jumps",
        jumped / len(moves),
        told,
        chance=chance,
        numbers={"compared": float(len(moves)), "jumped": float(jumped), "jump_size": size, "largest": moves.max()},
        samples={"moves of a score": moves},
    )


@against_last("unmoved_scores")
def unmoved_scores(evidence: Evidence, _: LastBatch) -> GuardrailResult:
    """Give the share of what both batches speak of whose score is the same to the last bit: a stale copy."""
    if evidence.product.score.kind == "class":
        return unjudged("unmoved_scores", "does not apply", "the score is a class")
    moves = evidence.keys.moves
    if len(moves) < LEAST_ROWS:
        return _too_few("unmoved_scores", moves)
    unmoved = int((moves == 0.0).sum())
    told = f"{unmoved} of {len(moves)} scores are the same to the last bit"
    numbers = {"compared": float(len(moves)), "unmoved": float(unmoved)}
    return judged(evidence.product, "unmoved_scores", unmoved / len(moves), told, numbers=numbers)


def jump_size(evidence: Evidence, last: LastBatch) -> float:
    """Return by how much a score must move to have jumped, in the score's unit."""
    score, declared = evidence.product.score, evidence.product.guardrails.jump_size
    if declared is not None:
        return declared
    if score.kind == "class":
        return 0.0
    if score.kind == "probability":
        return _QUARTER * (score.high - score.low)
    return _QUARTER * spread(last.rows.finite) if last.rows.finite.size else 0.0


def _too_few(name: GuardrailName, moves: Floats) -> GuardrailResult:
    return unjudged(name, "too few rows to compare", f"{len(moves)} scores are in both batches")
