"""What is kept of a score: the numbers that the engine and the guard gave, and when they were computed."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from platform_assets.inference.scoring import Scored

_LAYOUT = struct.Struct("<ddd?")


class Prediction(NamedTuple):
    """One computed score; `computed_at` is the wall instant in epoch seconds, `uncertainty` NaN where there is none."""

    score: float
    uncertainty: float
    is_valid: bool
    computed_at: float


def pack(prediction: Prediction) -> bytes:
    """Return a prediction in 25 bytes; every bit of its numbers survives."""
    return _LAYOUT.pack(prediction.score, prediction.uncertainty, prediction.computed_at, prediction.is_valid)


def unpack(content: bytes | None) -> Prediction | None:
    """Return the prediction, None for nothing or for bytes of another layout."""
    if content is None or len(content) != _LAYOUT.size:
        return None
    score, uncertainty, computed_at, is_valid = _LAYOUT.unpack(content)
    return Prediction(score, uncertainty, is_valid, computed_at)


def split(scored: Scored, computed_at: float) -> list[Prediction]:
    """Return one prediction per scored row, in order."""
    rows = zip(scored.score.tolist(), scored.uncertainty.tolist(), scored.is_valid.tolist(), strict=True)
    return [Prediction(score, uncertainty, is_valid, computed_at) for score, uncertainty, is_valid in rows]


def join(predictions: Sequence[Prediction]) -> Scored:
    """Return the arrays of these predictions, in order."""
    return Scored(
        np.array([each.score for each in predictions], dtype=np.float64),
        np.array([each.uncertainty for each in predictions], dtype=np.float64),
        np.array([each.is_valid for each in predictions], dtype=np.bool_),
    )
