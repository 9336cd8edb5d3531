"""A LightGBM text model inside RAPIDS nvForest, on the CPU or the GPU; its packages are loaded on first use."""

import importlib
import tempfile
from typing import Any, Protocol

import numpy as np

from platform_assets.errors import EngineFailedError, MissingToolError, ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName

GPU_MEMORY_BYTES = 1 << 30
_REMEDY = "install the extra `gpu`: pip install 'platform-assets[gpu]'."


class Forest(Protocol):
    """A loaded model. One call at a time."""

    @property
    def inputs(self) -> int:
        """The number of matrix columns."""
        ...

    def score(self, matrix: Floats) -> Floats:
        """Return one score per row; raises MemoryError for a batch that does not fit, RuntimeError for a broken GPU."""
        ...

    def release(self) -> None:
        """Give memory back that no call uses."""
        ...


class CpuForest:
    """nvForest on the CPU: what the agreement of the engines is tested with where there is no GPU."""

    def __init__(self, text: bytes) -> None:
        """Load a LightGBM text model; raises MissingToolError, ModelUnusableError or EngineFailedError."""
        self._forest = _load(text, device="cpu", options={})
        self.inputs: int = self._forest.num_features

    def score(self, matrix: Floats) -> Floats:
        """Return one score per row."""
        scores: Floats = _scores(self._forest, matrix)[:, 0]
        return scores

    def release(self) -> None:
        """Nothing is held back."""


class GpuForest:
    """nvForest on the first GPU: one stream of its own and a memory pool that never grows past its limit."""

    def __init__(self, text: bytes, memory_bytes: int = GPU_MEMORY_BYTES) -> None:
        """Load a LightGBM text model; raises MissingToolError, ModelUnusableError or EngineFailedError."""
        self._cuda = _package("cupy").cuda
        try:
            with self._cuda.Device(0):
                # One stream orders the copy to the device, the kernel and the copy back; others are not waited for.
                self._stream = self._cuda.Stream(non_blocking=True)
                self._pool = self._cuda.MemoryPool()
                self._pool.set_limit(size=memory_bytes)
            handle = _package("nvforest").Handle(stream=self._stream.ptr)
        except RuntimeError as error:
            raise EngineFailedError(engine="nvforest", device="gpu", reason=str(error)) from error
        self._forest = _load(text, device="gpu", options={"handle": handle, "device_id": 0})
        self.inputs: int = self._forest.num_features

    def score(self, matrix: Floats) -> Floats:
        """Return one score per row; the rows travel to the device and the scores back."""
        with self._cuda.Device(0), self._stream, self._cuda.using_allocator(self._pool.malloc):
            scores: Floats = _scores(self._forest, matrix).get()[:, 0]
        return scores

    def release(self) -> None:
        """Give the device all blocks of the pool that no call uses."""
        self._pool.free_all_blocks()


def _load(text: bytes, *, device: DeviceName, options: dict[str, Any]) -> Any:  # noqa: ANN401 - the package has no types
    nvforest, treelite = _package("nvforest"), _package("treelite")
    if b"is_linear=1" in text:  # they are read as constants without a word, which scores wrongly
        raise EngineFailedError(engine="nvforest", device=device, reason="it cannot score linear trees")
    try:
        model = _read_text(treelite, text)
        forest = nvforest.load_from_treelite_model(model, device=device, precision="double", **options)
    except (treelite.TreeliteError, RuntimeError, ValueError, MemoryError, OSError) as error:
        raise EngineFailedError(engine="nvforest", device=device, reason=str(error)) from error
    if forest.num_outputs != 1:
        raise ModelUnusableError(file="model.txt", problem=f"it gives {forest.num_outputs} values per row, not one")
    return forest


def _read_text(treelite: Any, text: bytes) -> Any:  # noqa: ANN401 - the package has no types
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:  # it reads files only
        file.write(text)
        file.flush()
        return treelite.frontend.load_lightgbm_model(file.name)


def _scores(forest: Any, matrix: Floats) -> Any:  # noqa: ANN401 - an array of numpy or of cupy
    score = getattr(forest, "predict_proba", forest.predict)  # a classifier's `predict` gives labels
    return score(np.ascontiguousarray(matrix, dtype=np.float64))


def _package(name: str) -> Any:  # noqa: ANN401 - a module
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: a shared library of the driver or the toolkit is absent
        raise MissingToolError(tool=f"{name} ({error})", remedy=_REMEDY) from error
