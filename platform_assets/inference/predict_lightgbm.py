"""Predictions of a LightGBM text model through the C interface."""

from dataclasses import dataclass

import numpy as np

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import Booster
from platform_assets.inference.lightgbm_single_row import SingleRow
from platform_assets.inference.predictor import DeviceName, EngineName
from platform_assets.inference.row_parts import score_in_parts

# From here on one call for all rows is as fast as a prepared call for each (docs/benchmarks/engines.md).
_MANY_ROWS = 8


@dataclass(frozen=True, slots=True)
class _Loaded:
    booster: Booster
    single_row: SingleRow


class LightGbmPredictor:
    """Scores rows exactly as `Booster.predict` does, bit by bit, one at a time or many, from any thread."""

    engine: EngineName = "lightgbm"
    device: DeviceName = "cpu"

    def __init__(self, text: bytes, *, threads: int = 1) -> None:
        """Load a LightGBM text model; raises ModelUnusableError with the library's reason.

        More `threads` share the rows of large matrices and change no bit: rows do not depend on each other.
        """
        booster = Booster(text)
        self.inputs = booster.inputs
        self._threads = threads
        self._loaded: _Loaded | None = _Loaded(booster, SingleRow(booster))

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a float64 matrix [rows, inputs]; a C-contiguous one is not copied."""
        loaded = self._loaded  # this reference keeps the native memory while the call runs
        if loaded is None:
            raise ModelUnusableError(file="model.txt", problem="the predictor was closed")
        rows, columns = matrix.shape
        if columns != self.inputs:
            problem = f"it takes {self.inputs} inputs, the matrix has {columns}"
            raise ModelUnusableError(file="model.txt", problem=problem)
        scores = np.empty(rows, dtype=np.float64)
        if rows >= _MANY_ROWS or not loaded.single_row.predict_into(matrix, scores):
            matrix = np.ascontiguousarray(matrix, dtype=np.float64)
            score_in_parts(loaded.booster.predict_into, matrix, scores, self._threads)
        return scores

    def close(self) -> None:
        """Give the memory back once no call is running."""
        self._loaded = None
