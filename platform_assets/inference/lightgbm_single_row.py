"""A prepared call for one row: everything that does not depend on the row is worked out once."""

import ctypes
import threading
from functools import partial

import numpy as np

from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import ALL_ITERATIONS, FLOAT64, NORMAL, PARAMETERS, Booster
from platform_assets.inference.lightgbm_library import check_call, lightgbm_library, single_row_call


class SingleRow:
    """Owns a prepared call and its buffers. It serves one thread at a time and says so instead of waiting."""

    _prepared = ctypes.c_void_p()  # null until it is made: nothing to free then

    def __init__(self, booster: Booster) -> None:
        """Prepare the call of a booster that gives one score per row."""
        self._booster = booster  # lives at least as long: `__del__` runs before this reference goes
        self._idle = threading.Lock()
        self._prepared = ctypes.c_void_p()
        check_call(
            lightgbm_library().LGBM_BoosterPredictForMatSingleRowFastInit(
                booster.handle,
                NORMAL,
                0,
                ALL_ITERATIONS,
                FLOAT64,
                booster.inputs,
                PARAMETERS,
                ctypes.byref(self._prepared),
            )
        )
        memory = (ctypes.c_double * booster.inputs)()
        self._row: Floats = np.ctypeslib.as_array(memory)  # keeps the memory alive, as the three below do
        self._length, self._score = ctypes.c_int64(), ctypes.c_double()
        row, length, score = (ctypes.addressof(part) for part in (memory, self._length, self._score))
        pointers = [ctypes.c_void_p(address) for address in (row, length, score)]
        self._call = partial(single_row_call(), self._prepared, *pointers)

    def __del__(self) -> None:
        """Free the native memory."""
        if self._prepared:
            lightgbm_library().LGBM_FastConfigFree(self._prepared)

    def predict_into(self, matrix: Floats, scores: Floats) -> bool:
        """Score the rows of a matrix one by one into `scores`; False, with nothing done, while another thread does."""
        if not self._idle.acquire(blocking=False):
            return False
        try:
            for position, row in enumerate(matrix):
                self._row[:] = row
                check_call(self._call())
                scores[position] = self._score.value
        finally:
            self._idle.release()
        return True
