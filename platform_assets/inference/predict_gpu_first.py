"""Predictions of a GPU engine that may fail, with the CPU behind it."""

import threading

from platform_assets.errors import EngineFailedError
from platform_assets.inference.engine_events import EngineEvent, OnEngineEvent
from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName, Predictor


class GpuFirstPredictor:
    """Scores on the GPU until it fails; that batch and all later ones are scored on the CPU, and say so.

    It does not go back: a failed CUDA context stays broken. Loading the bundle again tries the GPU again.
    """

    def __init__(self, gpu: Predictor, cpu: Predictor, on_event: OnEngineEvent) -> None:
        """Take both engines, loaded with the same model."""
        self._active = gpu
        self._gpu = gpu
        self._cpu = cpu
        self._on_event = on_event
        self._switching = threading.Lock()

    @property
    def engine(self) -> str:
        """The program that scores now."""
        return self._active.engine

    @property
    def device(self) -> DeviceName:
        """Where it scores now."""
        return self._active.device

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a float64 matrix [rows, inputs], all of them from one engine."""
        try:
            return self._active.predict(matrix)
        except EngineFailedError as error:
            self._give_up(error, len(matrix))
        return self._cpu.predict(matrix)

    def close(self) -> None:
        """Give the memory of both engines back once no call is running."""
        self._gpu.close()
        self._cpu.close()

    def _give_up(self, error: EngineFailedError, rows: int) -> None:
        with self._switching:  # calls that fail together are one event
            is_first = self._active is self._gpu
            self._active = self._cpu
        if is_first:
            self._on_event(EngineEvent(kind="gpu_lost", reason=str(error), rows=rows))
