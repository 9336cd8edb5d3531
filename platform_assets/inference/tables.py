"""Piecewise-linear tables: the calibration of a score and its uncertainty, as plain numbers."""

import msgspec
import numpy as np

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats


class LinearTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Interpolates `y` over the ascending `x`, constant beyond both ends; missing stays missing."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a table that np.interp would read wrongly."""
        if not self.x or len(self.x) != len(self.y) or list(self.x) != sorted(self.x):
            raise ModelUnusableError(file="table", problem="x is empty, not ascending, or not as long as y")

    def apply(self, values: Floats) -> Floats:
        """Return the interpolated value of each element; the same bits for one element or many."""
        return np.interp(values, self.x, self.y)
