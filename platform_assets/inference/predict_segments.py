"""Predictions of the segment rules: quintile scores of recency, frequency and money, then the first rule that holds."""

import msgspec
import numpy as np

from platform_assets.contract.recipes import SegmentRule
from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName, EngineName


class Quintiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Four ascending bounds of one matrix column; a value above k of them lies in group k (0 to 4)."""

    column: str
    position: int
    bounds: tuple[float, float, float, float]

    def group(self, matrix: Floats) -> Floats:
        """Return the group 0..4 of each row; NaN where the value is missing."""
        values = matrix[:, self.position]
        groups = np.searchsorted(np.array(self.bounds), values, side="left").astype(np.float64)
        return np.where(np.isnan(values), np.nan, groups)


class SegmentModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quintiles learned from data and rules fixed by the declaration."""

    recency: Quintiles
    frequency: Quintiles
    monetary: Quintiles
    rules: tuple[SegmentRule, ...]


class SegmentPredictor:
    """Gives the position of the first rule that holds; NaN where an input is missing or no rule holds."""

    engine: EngineName = "rfm_segments"
    device: DeviceName = "cpu"

    def __init__(self, model: SegmentModel) -> None:
        """Take a decoded model."""
        self._model = model

    def predict(self, matrix: Floats) -> Floats:
        """Return one class position per row of the matrix."""
        model = self._model
        recency = 5.0 - model.recency.group(matrix)  # fewer days are better
        frequency = 1.0 + model.frequency.group(matrix)
        monetary = 1.0 + model.monetary.group(matrix)
        classes = np.full(matrix.shape[0], np.nan)
        for position in reversed(range(len(model.rules))):  # so that the first rule has the last word
            rule = model.rules[position]
            holds = _within(recency, rule.recency) & _within(frequency, rule.frequency)
            classes[holds & _within(monetary, rule.monetary)] = position
        return classes

    def close(self) -> None:
        """Nothing to give back."""


def _within(scores: Floats, bounds: tuple[int, int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low, high = bounds
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (scores >= low) & (scores <= high)
    return inside
