"""What was measured on the test rows, as a record that can be stored and judged."""

import msgspec

from platform_assets.contract.evaluation import Metric

MODEL = "model"


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One metric of one scorer (the model or a baseline) on one slice, with its 95 % interval over entities.

    A number is None where it is undefined for the rows.
    """

    slice: str
    scorer: str
    metric: Metric
    value: float | None
    low: float | None
    high: float | None
    rows: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Model and baseline on the same rows: those where the baseline has something to say.

    `advantage` is how much better the model is (positive is better whatever the metric), with its paired interval.
    """

    slice: str
    baseline: str
    metric: Metric
    model: float | None
    other: float | None
    advantage: float | None
    low: float | None
    high: float | None
    rows: int


class Calibrated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The effect of the calibration on the test rows."""

    mean_score_before: float
    mean_score_after: float
    error_before: float
    error_after: float
    brier_before: float
    brier_after: float


class AtThreshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How good the labels are that the declared threshold makes of the test rows; None where it is undefined."""

    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None

    def metrics(self) -> dict[str, float]:
        """Return what is defined, by name."""
        named = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {name: value for name, value in named.items() if value is not None}


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that was measured for one trained pair."""

    product: str
    train_rows: int
    test_rows: int
    train_mean_label: float
    test_mean_label: float
    invalid_rows: int
    measurements: list[Measurement]
    comparisons: list[Comparison]
    calibration: Calibrated | None
    interval_coverage: float | None
    at_threshold: AtThreshold | None = None

    def measured(self, metric: Metric, *, slice_name: str = "all", scorer: str = MODEL) -> Measurement | None:
        """Return one measurement, or None when it was not made."""
        wanted = (slice_name, scorer, metric)
        return next((m for m in self.measurements if (m.slice, m.scorer, m.metric) == wanted), None)

    def compared(self, metric: Metric, baseline: str, *, slice_name: str = "all") -> Comparison | None:
        """Return one comparison, or None when it was not made."""
        wanted = (slice_name, baseline, metric)
        return next((c for c in self.comparisons if (c.slice, c.baseline, c.metric) == wanted), None)

    def metrics(self) -> dict[str, float]:
        """Return the model's measurements by name: the bare metric over all rows, `metric.slice` for a slice.

        With a threshold, precision, recall and F1 of its labels over all rows stand beside them.
        """
        named = {(m.metric if m.slice == "all" else f"{m.metric}.{m.slice}"): m.value for m in self._of_model()}
        labels = self.at_threshold.metrics() if self.at_threshold else {}
        return {**{name: value for name, value in named.items() if value is not None}, **labels}

    def _of_model(self) -> list[Measurement]:
        return [measurement for measurement in self.measurements if measurement.scorer == MODEL]
