"""Which engine scores a LightGBM model.

On the CPU the native engine where it is built and gives LightGBM's bits, else LightGBM's own library. A GPU where one
was asked for, is there and agrees with the CPU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from platform_assets.errors import EngineFailedError, MissingToolError
from platform_assets.inference.device import Gpu, find_gpu
from platform_assets.inference.engine_events import EngineEvent, OnEngineEvent, log_engine_event
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.library import NativeLibrary, native_library
from platform_assets.inference.native.model_text import read_model_text
from platform_assets.inference.native.packed_forest import pack_forest
from platform_assets.inference.native.proof import probe_rows, require_equal_bits
from platform_assets.inference.nvforest_model import GPU_MEMORY_BYTES, GpuForest
from platform_assets.inference.predict_gpu_first import GpuFirstPredictor
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_native import NativeForestPredictor
from platform_assets.inference.predict_nvforest import TOLERANCE, NvForestPredictor
from platform_assets.inference.predictor import Predictor

DeviceWish = Literal["auto", "cpu", "gpu"]
_PROBE_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How a model is to be scored. Batch, online and replay give the same bits under the same options.

    `cpu` is bit-equal to the training package, with the native engine and without it. `auto` takes a GPU that works,
    `gpu` refuses to load without one; their scores differ in the last bits (`TOLERANCE`), so they are for products that
    ask for it. `threads` share batches of many rows on the CPU without changing a bit: for batch scoring alone, since
    they take the cores of other requests.
    """

    device: DeviceWish = "cpu"
    threads: int = 1
    gpu_memory_bytes: int = GPU_MEMORY_BYTES
    on_event: OnEngineEvent = log_engine_event
    probe: Callable[[], Gpu | None] = find_gpu
    native: Callable[[], NativeLibrary | None] = native_library


CPU_ENGINE = EngineOptions()


def choose_engine(text: bytes, options: EngineOptions = CPU_ENGINE) -> Predictor:
    """Return a predictor of a LightGBM text model on the device that the options and this machine allow.

    Raises ModelUnusableError for a text that is no model; with `gpu`, MissingToolError without a GPU or its packages
    and EngineFailedError when it fails or disagrees.
    """
    cpu = _load_on_cpu(text, options)
    if options.device == "cpu":
        return cpu
    if options.probe() is None:
        if options.device == "gpu":
            raise MissingToolError(tool="a GPU", remedy="choose device `auto` or `cpu`, or install NVIDIA's driver.")
        return cpu
    try:
        gpu = _load_on_gpu(text, cpu, options)
    except (MissingToolError, EngineFailedError) as error:
        if options.device == "gpu":
            raise
        options.on_event(EngineEvent(kind="gpu_not_used", reason=str(error)))
        return cpu
    return GpuFirstPredictor(gpu, cpu, options.on_event)


def require_agreement(engine: Predictor, reference: Predictor, inputs: int) -> None:
    """Score probe rows with both, which also warms an engine up; raises EngineFailedError past `TOLERANCE`."""
    matrix = _probe_rows(inputs)
    expected, actual = reference.predict(matrix), engine.predict(matrix)
    if not np.allclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
        worst = float(np.max(np.abs(actual - expected)))
        reason = f"its scores differ from those of {reference.engine} by up to {worst:.1e}"
        raise EngineFailedError(engine=engine.engine, device=engine.device, reason=reason)


def _load_on_cpu(text: bytes, options: EngineOptions) -> NativeForestPredictor | LightGbmPredictor:
    reference = LightGbmPredictor(text, threads=options.threads)
    library = options.native()
    if library is None:
        return reference
    try:
        model = read_model_text(text)
        native = NativeForestPredictor(pack_forest(model), library, threads=options.threads)
        require_equal_bits(native, reference, probe_rows(model))
    except EngineFailedError as error:
        options.on_event(EngineEvent(kind="native_not_used", reason=str(error)))
        return reference
    reference.close()
    return native


def _load_on_gpu(
    text: bytes, cpu: NativeForestPredictor | LightGbmPredictor, options: EngineOptions
) -> NvForestPredictor:
    gpu = NvForestPredictor(GpuForest(text, options.gpu_memory_bytes), device="gpu", on_event=options.on_event)
    require_agreement(gpu, cpu, cpu.inputs)
    return gpu


def _probe_rows(inputs: int) -> Floats:
    """Return rows of all magnitudes, whole numbers (as category codes are) and missing values."""
    random = np.random.default_rng(0)
    rows: Floats = random.normal(size=(_PROBE_ROWS, inputs)) * 10.0 ** random.integers(-2, 5, size=(_PROBE_ROWS, 1))
    rows[::2] = np.abs(np.round(rows[::2]))
    rows[random.random(rows.shape) < 0.1] = np.nan  # noqa: PLR2004 - one value in ten
    return rows
