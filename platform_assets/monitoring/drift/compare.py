"""Compares a sample with its reference: raw figures of one feature, before anything is judged."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from platform_assets.inference.frame import Column, Floats
from platform_assets.statistics.distances import ks_distance, wasserstein_distance
from platform_assets.statistics.moments import Moments, mean_sigmas, moments_of, spread_times
from platform_assets.statistics.shares import bin_shares, psi, quantile_edges
from platform_assets.statistics.significance import ks_p_value, shares_p_value

_Texts = npt.NDArray[np.str_]
_HANDFUL = 5.0
_LARGE = 1e100  # above it squares and differences may overflow, so both samples are made smaller alike


@dataclass(frozen=True, slots=True)
class Shape:
    """How far two distributions lie apart, and how likely by chance; `moments` are of numbers alone."""

    ks: float
    psi: float
    psi_bins: int
    p_value: float
    wasserstein_sigmas: float | None = None
    moments: tuple[Moments, Moments] | None = None

    @property
    def mean_sigmas(self) -> float | None:
        """How far the mean moved, None where the reference is constant or of categories."""
        if self.moments is None or self.moments[0].deviation == 0.0:
            return None
        return mean_sigmas(*self.moments)

    @property
    def spread_times(self) -> float | None:
        """The factor between the standard deviations, None where one of them is 0 or for categories."""
        if self.moments is None or min(one.deviation for one in self.moments) == 0.0:
            return None
        return spread_times(*self.moments)


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference and what is compared with it: values that are there, and how many rows each side has in all.

    `reference_rows` may be more than its values, which then stand for them evenly. `independent` are the shares of the
    rows, of the reference and of what is compared, that are not mere repetitions of an entity.
    """

    reference: Column
    current: Column
    reference_rows: int
    rows: int
    reference_present: int
    independent: tuple[float, float] = (1.0, 1.0)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many independent values there are: of the reference, and of what is compared."""
        before, now = self.reference_present * self.independent[0], len(self.current) * self.independent[1]
        return max(int(before), 1), max(int(now), 1)

    @property
    def missing(self) -> tuple[float, float]:
        """The share of rows without a value: of the reference, and of what is compared."""
        before, now = self.reference_present / self.reference_rows, len(self.current) / self.rows
        return 1.0 - before, 1.0 - now


def pair_of(
    reference: Column,
    current: Column,
    *,
    stands_for: int | None = None,
    independent: tuple[float, float] = (1.0, 1.0),
) -> Pair:
    """Return the values of two columns; what is not a finite number, or no text, is missing."""
    before, now = _present(reference), _present(current)
    rows = len(reference) if stands_for is None else stands_for
    return Pair(before, now, rows, len(current), len(before) if stands_for is None else stands_for, independent)


def is_text(column: Column) -> bool:
    """Tell whether a column holds categories."""
    return column.dtype.kind in "OUS"


def shape_of(pair: Pair) -> Shape:
    """Return how far two columns with values on both sides lie apart; both hold numbers or both hold text."""
    return _categories(pair) if is_text(pair.reference) else _numbers(pair)


def _numbers(pair: Pair) -> Shape:
    reference, current = _scaled(pair.reference, pair.current)
    others, rows = pair.sizes
    distance = ks_distance(reference, current)
    edges = quantile_edges(reference)
    index = psi(bin_shares(reference, edges), bin_shares(current, edges), smallest=0.5 / min(rows, others))
    before, now = moments_of(pair.reference), moments_of(pair.current)
    before, now = replace(before, rows=others), replace(now, rows=rows)
    spread = moments_of(reference).deviation
    moved = wasserstein_distance(reference, current) / spread if spread > 0.0 else None
    p_value = ks_p_value(distance, rows, others)
    return Shape(distance, index, len(edges) + 1, p_value, moved, (before, now))


def _categories(pair: Pair) -> Shape:
    before, now = pair.reference.astype(np.str_), pair.current.astype(np.str_)
    names = np.unique(np.concatenate([before, now]))
    others, rows = pair.sizes
    shares, expected = _pooled(_shares(now, names), _shares(before, names), rows)
    distance = float(np.abs(shares - expected).sum() / 2.0)
    index = psi(expected, shares, smallest=0.5 / min(rows, others))
    return Shape(distance, index, len(shares), shares_p_value(shares * rows, expected * others))


def _shares(values: _Texts, names: _Texts) -> Floats:
    counts = np.bincount(np.searchsorted(names, values), minlength=len(names))
    return counts / len(values)


def _pooled(shares: Floats, expected: Floats, rows: int) -> tuple[Floats, Floats]:
    """Put categories together of which so many rows hold a handful at most: they differ by chance and say nothing."""
    is_rare = expected * rows < _HANDFUL
    return (
        np.append(shares[~is_rare], shares[is_rare].sum()),
        np.append(expected[~is_rare], expected[is_rare].sum()),
    )


def _present(column: Column) -> Column:
    if is_text(column):
        return np.array([value for value in column.tolist() if value is not None], dtype=object)
    numbers = column.astype(np.float64)
    finite: Column = numbers[np.isfinite(numbers)]
    return finite


def _scaled(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    largest = max(float(np.abs(reference).max()), float(np.abs(current).max()))
    return (reference / largest, current / largest) if largest > _LARGE else (reference, current)
