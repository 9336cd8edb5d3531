"""What every engine offers: numbers in, numbers out."""

from typing import Protocol

from platform_assets.inference.frame import Floats


class Predictor(Protocol):
    """A loaded model. `predict` gives the same bits for a row alone and among others, from any thread."""

    def predict(self, matrix: Floats) -> Floats:
        """Return one raw score per row of a C-contiguous float64 matrix [rows, inputs]."""
        ...

    def close(self) -> None:
        """Give the engine's memory back once no call is running; later calls raise ModelUnusableError."""
        ...
