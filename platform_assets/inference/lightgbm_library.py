"""LightGBM's shared library, loaded without importing the package (which would drag in pandas and scikit-learn)."""

import ctypes
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path

from platform_assets.errors import MissingToolError, ModelUnusableError

_FILE_NAMES = ("lib/lib_lightgbm.so", "lib_lightgbm.so", "lib/lib_lightgbm.dylib", "lib_lightgbm.dylib")


@cache
def lightgbm_library() -> ctypes.CDLL:
    """Return the loaded library with its signatures declared; raises MissingToolError when it is not installed."""
    library = ctypes.CDLL(str(_library_file()))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    library.LGBM_BoosterLoadModelFromString.argtypes = [ctypes.c_char_p, pointer, pointer]
    library.LGBM_BoosterGetNumFeature.argtypes = [pointer, pointer]
    library.LGBM_BoosterGetNumClasses.argtypes = [pointer, pointer]
    library.LGBM_BoosterFree.argtypes = [pointer]
    library.LGBM_BoosterPredictForMat.argtypes = [
        pointer,  # booster
        pointer,  # data
        integer,  # type of the data
        ctypes.c_int32,  # rows
        ctypes.c_int32,  # columns
        integer,  # row major
        integer,  # kind of prediction
        integer,  # first iteration
        integer,  # number of iterations
        ctypes.c_char_p,  # parameters
        pointer,  # length of the result
        pointer,  # result
    ]
    library.LGBM_BoosterPredictForMatSingleRowFastInit.argtypes = [
        pointer,  # booster
        integer,  # kind of prediction
        integer,  # first iteration
        integer,  # number of iterations
        integer,  # type of the data
        ctypes.c_int32,  # columns
        ctypes.c_char_p,  # parameters
        pointer,  # prepared call
    ]
    library.LGBM_FastConfigFree.argtypes = [pointer]
    return library


@cache
def single_row_call() -> Callable[..., int]:
    """Return the library's prepared call for one row: (prepared call, row, length of the result, result) -> status.

    It keeps the interpreter's lock: the call takes microseconds, and a thread that gives the lock away for them waits
    milliseconds to get it back while another one is busy.
    """
    library = ctypes.PyDLL(str(_library_file()))
    call = library.LGBM_BoosterPredictForMatSingleRowFast
    call.argtypes = [ctypes.c_void_p] * 4
    return call


def check_call(status: int) -> None:
    """Raise ModelUnusableError with the library's own words when a call failed."""
    if status != 0:
        reason = lightgbm_library().LGBM_GetLastError().decode(errors="replace")
        raise ModelUnusableError(file="model.txt", problem=reason)


def _library_file() -> Path:
    spec = importlib.util.find_spec("lightgbm")  # finds the package, does not run it
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for path in (folder / name for folder in folders for name in _FILE_NAMES):
        if path.is_file():
            return path
    raise MissingToolError(tool="lib_lightgbm", remedy="install the package `lightgbm` from requirements.lock.")
