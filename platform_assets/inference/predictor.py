"""What every engine offers: numbers in, numbers out, under a name."""

from typing import Literal, Protocol

from platform_assets.inference.frame import Floats

EngineName = Literal["native_forest", "lightgbm", "rfm_segments", "nvforest"]
DeviceName = Literal["cpu", "gpu"]


class Predictor(Protocol):
    """A loaded model. `predict` gives the same bits for a row alone and among others, from any thread."""

    @property
    def engine(self) -> str:
        """The program that scores, an EngineName, or those of an ensemble; answers and log rows show it."""
        ...

    @property
    def device(self) -> DeviceName:
        """Where it scores; answers and log rows show it."""
        ...

    def predict(self, matrix: Floats) -> Floats:
        """Return one raw score per row of a C-contiguous float64 matrix [rows, inputs]."""
        ...

    def close(self) -> None:
        """Give the engine's memory back once no call is running; later calls raise ModelUnusableError."""
        ...
