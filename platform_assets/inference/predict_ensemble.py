"""Predictions of several models behind one product: the weighted mean of their scores."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName, Predictor
from platform_assets.inference.weighted_mean import weighted_mean


class EnsemblePredictor:
    """Scores rows with every member, in order, and gives their mean; a member that fails fails the call.

    A row has the same bits alone and among others, from any thread, whichever bit-equal engines the members have.
    """

    def __init__(self, members: Sequence[Predictor], weights: Sequence[float]) -> None:
        """Take loaded members of the same inputs, and a weight above 0 for each."""
        self._members = tuple(members)
        self._weights = tuple(weights)

    @property
    def engine(self) -> str:
        """The engines of the members with how many have each, as in `native_forest x3`."""
        return _counted(tuple(member.engine for member in self._members))

    @property
    def device(self) -> DeviceName:
        """`gpu` when one member scores there: the last bits of the mean are no longer those of the CPU."""
        return "gpu" if any(member.device == "gpu" for member in self._members) else "cpu"

    def predict(self, matrix: Floats) -> Floats:
        """Return one score per row of a float64 matrix [rows, inputs]."""
        return weighted_mean([member.predict(matrix) for member in self._members], self._weights)

    def close(self) -> None:
        """Give the memory of all members back once no call is running."""
        for member in self._members:
            member.close()


@cache  # every answer asks for it several times, and there are few different ones
def _counted(engines: tuple[str, ...]) -> str:
    return " + ".join(f"{engine} x{count}" for engine, count in Counter(engines).items())
