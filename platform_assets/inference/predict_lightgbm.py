"""Predictions of a LightGBM text model through the C interface."""

import ctypes

import numpy as np

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_library import check_call, lightgbm_library

_FLOAT64 = 1
_NORMAL = 0
_ALL_ITERATIONS = -1
# One thread: small batches stall on a pool, and the order of summation stays the same everywhere.
_PARAMETERS = b"num_threads=1"


class _Booster:
    """Owns one native booster; it is freed when the last reference goes, so never under a running call."""

    handle = ctypes.c_void_p()  # null until a model is loaded: nothing to free then

    def __init__(self, text: bytes) -> None:
        if b"end of trees" not in text:  # the library aborts the process on some truncated texts
            raise ModelUnusableError(file="model.txt", problem="it is not a complete LightGBM text model")
        self.handle = ctypes.c_void_p()
        iterations = ctypes.c_int()
        library = lightgbm_library()
        check_call(library.LGBM_BoosterLoadModelFromString(text, ctypes.byref(iterations), ctypes.byref(self.handle)))
        inputs = ctypes.c_int()
        check_call(library.LGBM_BoosterGetNumFeature(self.handle, ctypes.byref(inputs)))
        self.inputs = inputs.value

    def __del__(self) -> None:
        if self.handle:
            lightgbm_library().LGBM_BoosterFree(self.handle)


class LightGbmPredictor:
    """Scores rows exactly as `Booster.predict` does, bit by bit, one at a time or many, from any thread."""

    def __init__(self, text: bytes) -> None:
        """Load a LightGBM text model; raises ModelUnusableError with the library's reason."""
        self._booster: _Booster | None = _Booster(text)

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a C-contiguous float64 matrix [rows, inputs]."""
        booster = self._booster
        if booster is None:
            raise ModelUnusableError(file="model.txt", problem="the predictor was closed")
        rows, columns = matrix.shape
        if columns != booster.inputs:
            problem = f"it takes {booster.inputs} inputs, the matrix has {columns}"
            raise ModelUnusableError(file="model.txt", problem=problem)
        scores = np.empty(rows, dtype=np.float64)
        if rows:
            _predict(booster, np.ascontiguousarray(matrix), scores)
        return scores

    def close(self) -> None:
        """Give the memory back once no call is running."""
        self._booster = None


def _predict(booster: _Booster, matrix: Floats, scores: Floats) -> None:
    rows, columns = matrix.shape
    written = ctypes.c_int64()
    check_call(
        lightgbm_library().LGBM_BoosterPredictForMat(
            booster.handle,
            matrix.ctypes.data,
            _FLOAT64,
            rows,
            columns,
            1,
            _NORMAL,
            0,
            _ALL_ITERATIONS,
            _PARAMETERS,
            ctypes.byref(written),
            scores.ctypes.data,
        )
    )
    if written.value != rows:
        raise ModelUnusableError(file="model.txt", problem=f"it gives {written.value} values for {rows} rows")
