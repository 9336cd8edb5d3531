"""What is known of one variant or release, as sums: those of several workers and moments are simply added up."""

import math

import msgspec

from platform_assets.experiments.histogram import Histogram, Scale, log_bucket


class Moments(msgspec.Struct, frozen=True):
    """Count, sum and sum of squares of values, and their range. Counts add up exactly, sums to rounding."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Return the moments of the values of both."""
        if not (self.count and other.count):
            return self if self.count else other
        return Moments(
            self.count + other.count,
            self.total + other.total,
            self.squares + other.squares,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    def with_value(self, value: float) -> "Moments":
        """Return the moments with one more value."""
        return self + Moments(1, value, value * value, value, value)

    @property
    def mean(self) -> float | None:
        """The mean; None without values."""
        return self.total / self.count if self.count else None

    @property
    def variance(self) -> float:
        """The variance of the values themselves, never below 0; 0 without values."""
        return max(self.squares / self.count - (self.total / self.count) ** 2, 0.0) if self.count else 0.0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What one variant or release did: answers and failed ones, latencies in ms, scores, labels and business values.

    `labels` is how many answers' outcomes are known by now, `right` how many of those were predicted. `values` has one
    value per unit of the experiment. `unusable` counts numbers that were not finite and are in no other figure.
    """

    answers: int = 0
    errors: int = 0
    latency_ms: Histogram = Histogram()
    scores: Histogram = Histogram()
    labels: int = 0
    right: int = 0
    values: Moments = Moments()
    unusable: int = 0

    def __add__(self, other: "Summary") -> "Summary":
        """Return the summary of both: associative and commutative, with `Summary()` as its zero."""
        return Summary(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def error_rate(self) -> float | None:
        """Failed answers per answer; None without any."""
        return self.errors / self.answers if self.answers else None

    @property
    def accuracy(self) -> float | None:
        """Right predictions per label; None without any."""
        return self.right / self.labels if self.labels else None


class Tally:
    """Counts for one variant in one worker, cheap to add to; `summary()` tells them at any moment."""

    def __init__(self, scale: Scale) -> None:
        """Start at nothing; `scale` is that of the product's scores."""
        self._scale = scale
        self._answers = self._errors = self._labels = self._right = self._unusable = 0
        self._latency: dict[int, int] = {}
        self._scores: dict[int, int] = {}
        self._values = Moments()

    def count_answer(self, latency_ms: float, *, failed: bool) -> None:
        """Count one answer and how long it took."""
        self._answers += 1
        self._errors += failed
        self._put(self._latency, log_bucket, latency_ms)

    def count_score(self, score: float) -> None:
        """Count one score."""
        self._put(self._scores, self._scale, score)

    def count_label(self, *, right: bool) -> None:
        """Count one outcome that became known."""
        self._labels += 1
        self._right += right

    def count_value(self, value: float) -> None:
        """Count what one unit brought the business."""
        if math.isfinite(value):
            self._values = self._values.with_value(value)
        else:
            self._unusable += 1

    def summary(self) -> Summary:
        """Return what was counted so far; later counts do not change it."""
        return Summary(
            answers=self._answers,
            errors=self._errors,
            latency_ms=Histogram(dict(self._latency)),
            scores=Histogram(dict(self._scores)),
            labels=self._labels,
            right=self._right,
            values=self._values,
            unusable=self._unusable,
        )

    def _put(self, counts: dict[int, int], scale: Scale, value: float) -> None:
        if not math.isfinite(value):
            self._unusable += 1
            return
        key = scale(value)
        counts[key] = counts.get(key, 0) + 1
