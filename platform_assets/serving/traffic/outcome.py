"""What became of one answer, as far as it tells about the release that gave it."""

from collections.abc import Sequence
from typing import NamedTuple

from platform_assets.contract.prediction_log import MODEL_FAILURES
from platform_assets.serving.judge import Judged
from platform_assets.serving.traffic.call_parts import Answered, predictions
from platform_assets.serving.verdict import Verdict


class Outcome(NamedTuple):
    """One answer to a call: it failed when the model failed on any of its rows; `scores` are those that it gave.

    An answer counts once however many rows it has: the rows of a call succeed and fail together.
    """

    latency_ms: float
    is_failed: bool
    scores: Sequence[float] = ()


def outcome_of(answered: Answered, latency_ms: float) -> Outcome:
    """Return the outcome of an answer that somebody got."""
    rows = predictions(answered)
    is_failed = any(row.reason in MODEL_FAILURES for row in rows)
    return Outcome(
        latency_ms, is_failed, [row.score for row in rows if row.fallback == "none" and row.score is not None]
    )


def outcome_of_copy(judged: Sequence[Judged], latency_ms: float) -> Outcome:
    """Return the outcome of a copy, which nobody gets."""
    is_failed = any(one in MODEL_FAILURES for one in judged if not isinstance(one, Verdict))
    scores = [one.score for one in judged if isinstance(one, Verdict) and one.score is not None]
    return Outcome(latency_ms, is_failed, scores)
