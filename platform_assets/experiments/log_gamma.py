"""The logarithm of the gamma function of whole arrays, which numpy lacks and scipy is too heavy for."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# From here on the series below is exact to the last bits; smaller arguments are raised to it by the recurrence.
_ENOUGH = 8
_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
_HALF_LOG_TWO_PI = 0.5 * float(np.log(2 * np.pi))


def log_gamma(x: npt.ArrayLike) -> Floats:
    """Return log gamma of positive numbers, within 1e-12 of their size: Stirling's series."""
    small = np.asarray(x, dtype=np.float64)
    product = np.ones_like(small)
    for step in range(_ENOUGH):
        product = product * np.where(small < _ENOUGH, small + step, 1.0)
    large = np.where(small < _ENOUGH, small + _ENOUGH, small)
    inverse_square = 1.0 / (large * large)
    series = np.zeros_like(large)
    for coefficient in reversed(_SERIES):
        series = series * inverse_square + coefficient
    stirling = (large - 0.5) * np.log(large) - large + _HALF_LOG_TWO_PI + series / large
    return np.asarray(stirling - np.log(product), dtype=np.float64)
