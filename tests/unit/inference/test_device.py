"""The question to the GPU's driver, against a driver library of the same interface compiled here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from platform_assets.inference.device import Gpu, find_gpu, gpu_utilisation_ratio

COMPILER = shutil.which("cc")
DRIVER = """
#include <string.h>
int nvmlInit_v2(void) { return INIT; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)7; return index != 0 || FIND; }
int nvmlDeviceGetName(void *device, char *name, unsigned length) {
    strncpy(name, "GPU of a test", length);
    return device != (void *)7;
}
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory) { memory[0] = 1ULL << 33; return 0; }
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { rates[0] = 37; rates[1] = 5; return 0; }
"""


def _driver(folder: Path, *, init: int = 0, find: int = 0) -> str:
    if COMPILER is None:
        pytest.skip("there is no C compiler to build a driver library with")
    source, library = folder / "driver.c", folder / "driver.so"
    source.write_text(DRIVER)
    flags = ["-shared", "-fPIC", f"-DINIT={init}", f"-DFIND={find}"]
    subprocess.run([COMPILER, *flags, str(source), "-o", str(library)], check=True)
    return str(library)


def test_a_gpu_is_described_by_its_driver(tmp_path: Path) -> None:
    driver = _driver(tmp_path)
    assert find_gpu(driver) == Gpu(name="GPU of a test", memory_bytes=1 << 33)
    assert gpu_utilisation_ratio(driver) == 0.37


def test_a_driver_that_does_not_start_is_no_gpu(tmp_path: Path) -> None:
    driver = _driver(tmp_path, init=9)
    assert (find_gpu(driver), gpu_utilisation_ratio(driver)) == (None, None)


def test_a_driver_without_a_device_is_no_gpu_and_no_utilisation_rather_than_zero(tmp_path: Path) -> None:
    driver = _driver(tmp_path, find=6)
    assert (find_gpu(driver), gpu_utilisation_ratio(driver)) == (None, None)


def test_a_machine_without_a_driver_has_no_gpu() -> None:
    assert (find_gpu("libabsent-driver.so.1"), gpu_utilisation_ratio("libabsent-driver.so.1")) == (None, None)
