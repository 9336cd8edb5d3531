"""The compiled kernel, loaded: a forest in its memory layout and the call that scores rows with it."""

import ctypes
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platform_assets.errors import MissingToolError
from platform_assets.inference.native.binary import BUILD_IT, binary_path

LOG = logging.getLogger("platform.inference")
# (forest, rows, count, scores): three addresses and a number of rows
ScoreCall = Callable[[int, int, int, int], None]


class ForestLayout(ctypes.Structure):
    """`Forest` of forest.c: addresses of arrays that its owner keeps alive."""

    _fields_ = (
        ("nodes", ctypes.c_void_p),
        ("roots", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("set_words", ctypes.c_void_p),
        ("sigmoid", ctypes.c_double),
        ("root_count", ctypes.c_uint32),
        ("column_count", ctypes.c_uint32),
        ("input_count", ctypes.c_uint32),
        ("output", ctypes.c_uint32),
        ("has_sets", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class NativeLibrary:
    """The kernel's one function twice: `score_few` keeps the interpreter's lock, `score_many` lets others run."""

    score_few: ScoreCall
    score_many: ScoreCall


def load_library(path: Path) -> NativeLibrary:
    """Return the kernel of a compiled file; raises MissingToolError when there is none or it cannot be loaded."""
    try:
        functions = [kind(str(path)).forest_score for kind in (ctypes.PyDLL, ctypes.CDLL)]
    except (OSError, AttributeError) as error:
        raise MissingToolError(tool=f"the native engine ({error})", remedy=BUILD_IT) from error
    for function in functions:
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
        function.restype = None
    return NativeLibrary(*functions)


@cache
def native_library() -> NativeLibrary | None:
    """Return the kernel that the set-up built, None where it built none; the log says so once."""
    try:
        return load_library(binary_path())
    except MissingToolError as error:
        LOG.warning("LightGBM's own library scores, the same bits more slowly: %s", error)
        return None
