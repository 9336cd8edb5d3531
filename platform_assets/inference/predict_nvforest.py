"""Predictions of nvForest, batch first: a batch that does not fit is halved until it does, and no row is lost."""

import threading

import numpy as np

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.engine_events import EngineEvent, OnEngineEvent, log_engine_event
from platform_assets.inference.frame import Floats
from platform_assets.inference.nvforest_model import Forest
from platform_assets.inference.predictor import DeviceName, EngineName

# Largest relative (absolute below 1) difference of a score to LightGBM's: the order of summation is another one.
TOLERANCE = 1e-12
_MOST_ROWS = 1 << 16


class NvForestPredictor:
    """Scores rows within `TOLERANCE` of `Booster.predict`, from any thread, one call after the other.

    nvForest keeps the interpreter's lock during a call, so other threads wait meanwhile.
    """

    engine: EngineName = "nvforest"

    def __init__(
        self,
        forest: Forest,
        *,
        device: DeviceName,
        on_event: OnEngineEvent = log_engine_event,
        most_rows: int = _MOST_ROWS,
    ) -> None:
        """Take a loaded forest; batches begin at `most_rows` rows and stay smaller once memory ran out."""
        self.device: DeviceName = device
        self.out_of_memory = 0  # how often a batch was halved
        self._forest: Forest | None = forest
        self._on_event = on_event
        self._batch_rows = most_rows
        self._turn = threading.Lock()

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a float64 matrix [rows, inputs].

        Raises EngineFailedError when the device fails or not even one row fits.
        """
        forest = self._forest
        if forest is None:
            raise ModelUnusableError(file="model.txt", problem="the predictor was closed")
        rows, columns = matrix.shape
        if columns != forest.inputs:
            raise ModelUnusableError(
                file="model.txt", problem=f"it takes {forest.inputs} inputs, the matrix has {columns}"
            )
        scores, done = np.empty(rows, dtype=np.float64), 0
        with self._turn:
            while done < rows:
                batch = slice(done, min(done + self._batch_rows, rows))
                if self._score(forest, matrix[batch], scores[batch]):
                    done = batch.stop
        return scores

    def close(self) -> None:
        """Give the memory back once no call is running."""
        self._forest = None

    def _score(self, forest: Forest, matrix: Floats, scores: Floats) -> bool:
        """Fill `scores`; False when the batch did not fit and the next one has to be smaller."""
        try:
            scores[:] = forest.score(matrix)
        except MemoryError as error:
            self._halve(forest, len(matrix), error)
            return False
        except RuntimeError as error:  # what CUDA's errors are
            raise EngineFailedError(engine=self.engine, device=self.device, reason=str(error)) from error
        return True

    def _halve(self, forest: Forest, rows: int, error: MemoryError) -> None:
        forest.release()
        self.out_of_memory += 1
        self._on_event(EngineEvent(kind="out_of_memory", reason=str(error), rows=rows))
        if rows == 1:
            raise EngineFailedError(engine=self.engine, device=self.device, reason="not even one row fits") from error
        self._batch_rows = rows // 2
