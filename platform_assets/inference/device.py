"""Whether this machine has a GPU and how busy it is, asked of NVIDIA's driver itself: no package is loaded for it."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_DRIVER_LIBRARY = "libnvidia-ml.so.1"
_NAME_BYTES = 96


@dataclass(frozen=True, slots=True)
class Gpu:
    """The first GPU of this machine."""

    name: str
    memory_bytes: int


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Utilisation(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def find_gpu(library: str = _DRIVER_LIBRARY) -> Gpu | None:
    """Return the first GPU, or None where there is no driver, no device, or the driver refuses."""
    name, memory = ctypes.create_string_buffer(_NAME_BYTES), _Memory()
    with _first_device(library) as (driver, device):
        if driver is None or driver.nvmlDeviceGetName(device, name, _NAME_BYTES):
            return None
        if driver.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)):
            return None
        return Gpu(name=name.value.decode(errors="replace"), memory_bytes=memory.total)


def gpu_utilisation_ratio(library: str = _DRIVER_LIBRARY) -> float | None:
    """Return the share of the last sampling period in which the GPU worked, 0 to 1; None, not 0, without a GPU."""
    used = _Utilisation()
    with _first_device(library) as (driver, device):
        if driver is None or driver.nvmlDeviceGetUtilizationRates(device, ctypes.byref(used)):
            return None
        return float(used.gpu) / 100.0


@contextmanager
def _first_device(library: str) -> Iterator[tuple[ctypes.CDLL | None, ctypes.c_void_p]]:
    """Give the driver, or None where there is none, and its first device. The driver's calls return 0 when well."""
    device = ctypes.c_void_p()
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        yield None, device
        return
    if driver.nvmlInit_v2():
        yield None, device
        return
    try:
        is_refused = driver.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device))
        yield (None if is_refused else driver), device
    finally:
        driver.nvmlShutdown()
