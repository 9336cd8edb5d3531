"""The one scoring path of batch, online, evaluation and replay."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.guard import guard_scores
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.inference.pair import Pair
from platform_assets.inference.preprocess import to_matrix


@dataclass(frozen=True, slots=True)
class Scored:
    """One element per input row, in order. `uncertainty` is NaN where there is none."""

    score: Floats
    uncertainty: Floats
    is_valid: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class InStages:
    """Scores and what they came from: the matrix [rows, inputs] and the model output before calibration and guard."""

    matrix: Floats
    model_output: Floats
    scored: Scored


def score(pair: Pair, frame: Frame) -> Scored:
    """Return the scores of a frame: a row gets the same bits alone, among others, in batch and online.

    `frame` holds stored features, request fields and `event_at`; on-demand features are computed here. Raises
    MissingInputError naming an absent column. Values that the guard refuses are returned and marked invalid.
    """
    return score_matrix(pair, prepare_matrix(pair, frame))


def prepare_matrix(pair: Pair, frame: Frame) -> Floats:
    """Return the model's matrix [rows, inputs] of a frame: the work of the pair's first half."""
    columns = apply_on_demand(pair.product.on_demand, frame, product=pair.product.name)
    return to_matrix(pair.preprocessor, columns)


def score_matrix(pair: Pair, matrix: Floats) -> Scored:
    """Return the scores of a prepared matrix: predict, calibrate, guard; the work of the pair's second half."""
    return finish_scores(pair, pair.predictor.predict(matrix))


def score_in_stages(pair: Pair, frame: Frame) -> InStages:
    """Return what `score` returns, with the same bits, and what is in between: for records and for replay."""
    matrix = prepare_matrix(pair, frame)
    model_output = pair.predictor.predict(matrix)
    return InStages(matrix, model_output, finish_scores(pair, model_output))


def finish_scores(pair: Pair, raw: Floats) -> Scored:
    """Return the scores of a model's output: calibrate and guard."""
    if pair.calibration is not None:
        raw = pair.calibration.apply(raw)
    guarded = guard_scores(pair.product.score, raw)
    return Scored(guarded.score, _uncertainty(pair, guarded.score, guarded.is_valid), guarded.is_valid)


def label_of(product: Product, score: float) -> str | None:
    """Return the label of a score by the declared threshold or classes; None where there is none or it is invalid."""
    if not product.score.low <= score <= product.score.high:  # also refuses NaN
        return None
    if product.score.kind == "class":
        return product.score.classes[int(score)]
    threshold = product.score.threshold
    if threshold is None:
        return None
    return threshold.at_or_above if score >= threshold.value else threshold.below


def _uncertainty(pair: Pair, score: Floats, is_valid: npt.NDArray[np.bool_]) -> Floats:
    if pair.uncertainty is None:
        return np.full(score.shape, np.nan)
    return np.where(is_valid, pair.uncertainty.apply(score), np.nan)
