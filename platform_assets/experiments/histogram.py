"""Counts by bucket: percentiles and distributions that several workers can add up.

Buckets of the logarithmic scale are about 4 % wide (16 to a doubling) for either sign; what is smaller than 2^-20 in
size counts as zero, what is larger than 2^40 as that. The even scale cuts a range into a hundred.
"""

import math
from collections.abc import Callable, Iterator
from itertools import accumulate

import msgspec

from platform_assets.contract.score import Score

Scale = Callable[[float], int]

_PER_DOUBLING = 16
_SMALLEST, _LARGEST = -20, 40  # powers of two
_TOP = (_LARGEST - _SMALLEST) * _PER_DOUBLING
_EVEN_BUCKETS = 100


class Histogram(msgspec.Struct, frozen=True):
    """How many values fell into each bucket; only buckets with a value are kept."""

    counts: dict[int, int] = {}

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both; exactly associative and commutative."""
        keys = self.counts.keys() | other.counts.keys()
        return Histogram({key: self.counts.get(key, 0) + other.counts.get(key, 0) for key in keys})

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts.values())

    def count_above(self, limit: float) -> int:
        """Return how many values of a logarithmic histogram are above a limit for sure: those in its bucket are not."""
        last = log_bucket(limit)
        return sum(count for key, count in self.counts.items() if key > last)

    def quantile(self, share: float) -> float | None:
        """Return the value below which a share of a logarithmic histogram lies, within 2.2 %; None when it is empty."""
        rank = math.ceil(share * self.total)
        ordered = sorted(self.counts.items())
        reached = accumulate(count for _, count in ordered)
        return next((middle(key) for (key, _), sofar in zip(ordered, reached, strict=True) if sofar >= rank), None)


def log_bucket(value: float) -> int:
    """Return the bucket of a finite value on the logarithmic scale; it never falls when the value rises."""
    size = abs(value)
    if size < 2.0**_SMALLEST:
        return 0
    place = min(math.floor((math.log2(size) - _SMALLEST) * _PER_DOUBLING), _TOP) + 1
    return place if value > 0 else -place


def middle(bucket: int) -> float:
    """Return the geometric middle of a bucket of the logarithmic scale."""
    if bucket == 0:
        return 0.0
    return math.copysign(2.0 ** ((abs(bucket) - 0.5) / _PER_DOUBLING + _SMALLEST), bucket)


def score_scale(score: Score) -> Scale:
    """Return the scale of a product's scores: even for probabilities and classes, logarithmic for estimates."""
    if score.kind == "estimate":
        return log_bucket
    low, width = score.low, score.high - score.low
    return lambda value: min(max(int((value - low) / width * _EVEN_BUCKETS), 0), _EVEN_BUCKETS - 1)


def distribution_gaps(one: Histogram, other: Histogram) -> Iterator[float]:
    """Yield, bucket by bucket, how far the distribution functions of two histograms that hold values are apart."""
    total_one, total_other = one.total, other.total
    below_one = below_other = 0
    for key in sorted(one.counts.keys() | other.counts.keys()):
        below_one += one.counts.get(key, 0)
        below_other += other.counts.get(key, 0)
        yield abs(below_one / total_one - below_other / total_other)
