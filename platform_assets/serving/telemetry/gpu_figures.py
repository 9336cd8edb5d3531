"""How busy the GPUs of this machine are, asked of NVIDIA's management library; without one there is nothing to tell."""

import ctypes
from functools import cache
from typing import NamedTuple

_LIBRARY = "libnvidia-ml.so.1"
_OK = 0
_PERCENT = 100.0


class GpuFigures(NamedTuple):
    """One GPU by its number: the share of the last sample that it worked, and its memory."""

    number: str
    used_ratio: float
    memory_used_bytes: float
    memory_bytes: float


class _Utilisation(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def read_gpus() -> tuple[GpuFigures, ...]:
    """Return the figures of every GPU; empty where there is none, or where it gives none."""
    library = _opened_library()
    if library is None:
        return ()
    number = ctypes.c_uint()
    if library.nvmlDeviceGetCount_v2(ctypes.byref(number)) != _OK:
        return ()
    seen = (_read(library, position) for position in range(number.value))
    return tuple(figures for figures in seen if figures is not None)


@cache
def _opened_library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    return library if library.nvmlInit_v2() == _OK else None


def _read(library: ctypes.CDLL, position: int) -> GpuFigures | None:
    device, used, memory = ctypes.c_void_p(), _Utilisation(), _Memory()
    answers = (
        library.nvmlDeviceGetHandleByIndex_v2(position, ctypes.byref(device)),
        library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(used)),
        library.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)),
    )
    if any(answer != _OK for answer in answers):
        return None
    return GpuFigures(str(position), used.gpu / _PERCENT, float(memory.used), float(memory.total))
