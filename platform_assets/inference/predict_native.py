"""Predictions of a LightGBM text model through the native engine."""

import numpy as np

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.library import NativeLibrary
from platform_assets.inference.native.packed_forest import PackedForest
from platform_assets.inference.predictor import DeviceName, EngineName
from platform_assets.inference.row_parts import score_in_parts

# Up to here a call takes less than the 5 ms for which any thread may keep the interpreter's lock. To give it away costs
# that long when another thread is busy: 100 rows then took 5.5 ms in place of 0.33 ms.
_FEW_ROWS = 128


class NativeForestPredictor:
    """Scores rows exactly as `Booster.predict` does, bit by bit, one at a time or many, from any thread."""

    engine: EngineName = "native_forest"
    device: DeviceName = "cpu"

    def __init__(self, forest: PackedForest, library: NativeLibrary, *, threads: int = 1) -> None:
        """Take a packed model and the kernel; more `threads` share the rows of large matrices and change no bit."""
        self.inputs = forest.inputs
        self._library = library
        self._threads = threads
        self._forest: PackedForest | None = forest

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a float64 matrix [rows, inputs]; a C-contiguous one is not copied."""
        forest = self._forest  # this reference keeps the arrays while the call runs
        if forest is None:
            raise ModelUnusableError(file="model.txt", problem="the predictor was closed")
        rows, columns = matrix.shape
        if columns != self.inputs:
            problem = f"it takes {self.inputs} inputs, the matrix has {columns}"
            raise ModelUnusableError(file="model.txt", problem=problem)
        matrix = np.ascontiguousarray(matrix, dtype=np.float64)
        scores = np.empty(rows, dtype=np.float64)
        if rows <= _FEW_ROWS:
            self._library.score_few(forest.address, matrix.ctypes.data, rows, scores.ctypes.data)
        else:
            score_in_parts(lambda part, into: self._score_many(forest, part, into), matrix, scores, self._threads)
        return scores

    def close(self) -> None:
        """Give the memory back once no call is running."""
        self._forest = None

    def _score_many(self, forest: PackedForest, matrix: Floats, scores: Floats) -> None:
        self._library.score_many(forest.address, matrix.ctypes.data, len(matrix), scores.ctypes.data)
