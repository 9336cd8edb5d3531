"""A native booster in memory and its call for many rows."""

import ctypes

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_library import check_call, lightgbm_library

FLOAT64 = 1
NORMAL = 0
RAW_SCORE = 1
CONTRIBUTIONS = 3
ALL_ITERATIONS = -1
# One thread: small batches stall on a pool, and the order of summation stays the same everywhere.
PARAMETERS = b"num_threads=1"
_ROW_MAJOR = 1


class Booster:
    """Owns one native booster; it is freed when the last reference goes, so never under a running call."""

    handle = ctypes.c_void_p()  # null until a model is loaded: nothing to free then

    def __init__(self, text: bytes) -> None:
        """Load a LightGBM text model; raises ModelUnusableError with the library's reason."""
        if b"end of trees" not in text:  # the library aborts the process on some truncated texts
            raise ModelUnusableError(file="model.txt", problem="it is not a complete LightGBM text model")
        self.handle = ctypes.c_void_p()
        iterations = ctypes.c_int()
        library = lightgbm_library()
        check_call(library.LGBM_BoosterLoadModelFromString(text, ctypes.byref(iterations), ctypes.byref(self.handle)))
        inputs, classes = ctypes.c_int(), ctypes.c_int()
        check_call(library.LGBM_BoosterGetNumFeature(self.handle, ctypes.byref(inputs)))
        check_call(library.LGBM_BoosterGetNumClasses(self.handle, ctypes.byref(classes)))
        if classes.value != 1:  # the library would write past a result of one score per row
            raise ModelUnusableError(file="model.txt", problem=f"it gives {classes.value} values per row, not one")
        self.inputs = inputs.value

    def __del__(self) -> None:
        """Free the native memory."""
        if self.handle:
            lightgbm_library().LGBM_BoosterFree(self.handle)

    def predict_into(self, matrix: Floats, scores: Floats, *, kind: int = NORMAL) -> None:
        """Score a C-contiguous matrix [rows >= 1, inputs] into `scores`; other threads run meanwhile.

        With CONTRIBUTIONS, `scores` is [rows, inputs + 1], C-contiguous, and gets the baseline last.
        """
        rows, columns = matrix.shape
        written = ctypes.c_int64()
        check_call(
            lightgbm_library().LGBM_BoosterPredictForMat(
                self.handle,
                matrix.ctypes.data,
                FLOAT64,
                rows,
                columns,
                _ROW_MAJOR,
                kind,
                0,
                ALL_ITERATIONS,
                PARAMETERS,
                ctypes.byref(written),
                scores.ctypes.data,
            )
        )
