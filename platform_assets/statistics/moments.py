"""Mean and standard deviation of a sample, and how far two samples lie apart in them."""

from dataclasses import dataclass

import numpy as np

from platform_assets.statistics.distances import Floats

_Z = 3.09  # the normal quantile of 0.999, as in `chance`
_NORMAL_KURTOSIS = 3.0
_RARE = 0.001


@dataclass(frozen=True, slots=True)
class Moments:
    """Size, mean, standard deviation and kurtosis of a sample; the deviation of equal values is exactly 0."""

    rows: int
    mean: float
    deviation: float
    kurtosis: float


def moments_of(sample: Floats) -> Moments:
    """Return the moments of finite numbers, at least one; numbers near the end of the range do not overflow."""
    largest = float(np.abs(sample).max())
    if sample.min() == sample.max():  # rounding in the mean must not make a spread of it
        return Moments(len(sample), float(sample[0]), 0.0, _NORMAL_KURTOSIS)
    scaled = sample / largest
    mean = float(scaled.mean())
    centred = scaled - mean
    variance = float((centred**2).mean())
    if variance == 0.0:  # so close together that their squares vanish
        return Moments(len(sample), mean * largest, 0.0, _NORMAL_KURTOSIS)
    kurtosis = float((centred**4).mean()) / variance**2
    return Moments(len(sample), mean * largest, float(np.sqrt(variance)) * largest, kurtosis)


def mean_sigmas(reference: Moments, sample: Moments) -> float:
    """Return how far the mean moved, in standard deviations of the reference; infinite where that has none."""
    moved = abs(sample.mean / 2.0 - reference.mean / 2.0)  # halves: a difference of the largest numbers overflows
    if moved == 0.0:
        return 0.0
    return 2.0 * (moved / reference.deviation) if reference.deviation > 0.0 else float("inf")


def spread_times(reference: Moments, sample: Moments) -> float:
    """Return by which factor the standard deviation grew or shrank, beyond what chance explains: 1 for not at all.

    The logarithm of a standard deviation varies by sqrt((kurtosis - 1) / 4n): with heavy tails by much. The wider
    sample owes its spread to about n / kurtosis rows; that all of them fell into it by chance, and none into the other
    one, must be unlikely too. Infinite where one of the two samples has no spread and the other has.
    """
    if reference.deviation == sample.deviation:
        return 1.0
    if min(reference.deviation, sample.deviation) == 0.0:
        return float("inf")
    wide, narrow = sorted((reference, sample), key=lambda each: -each.deviation)
    if (wide.rows / (wide.rows + narrow.rows)) ** (wide.rows / wide.kurtosis) > _RARE:
        return 1.0
    # That of the sample with the heavier tail: the other one may have missed it.
    heavy = max(reference.kurtosis, sample.kurtosis) - 1.0
    chance = _Z * np.sqrt(heavy / 4.0 * (1.0 / reference.rows + 1.0 / sample.rows))
    ratio = abs(np.log(sample.deviation) - np.log(reference.deviation))
    return float(np.exp(max(ratio - chance, 0.0)))
