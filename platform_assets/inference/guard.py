"""The output guard: what leaves the model is finite and inside the declared range, or is marked invalid."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platform_assets.contract.score import Score
from platform_assets.inference.frame import Floats


class Guarded(NamedTuple):
    """Scores as they may be shown, and which of them are valid."""

    score: Floats
    is_valid: npt.NDArray[np.bool_]


def guard_scores(semantics: Score, raw: Floats) -> Guarded:
    """Return the scores and their validity: finite and within [low, high] of the declared semantics (R147).

    Only an estimate is changed: below `low` it is raised to `low`, because trees may undershoot a quantity that
    cannot be smaller. Above `high`, or not finite, it is invalid and left as it is.
    """
    score = np.maximum(raw, semantics.low) if semantics.kind == "estimate" else raw
    # A raw -inf is a broken model, not a small quantity.
    is_valid = np.isfinite(raw) & (score >= semantics.low) & (score <= semantics.high)
    if semantics.kind == "class":
        is_valid &= score == np.floor(score)
    return Guarded(score, is_valid)
