"""What an experiment shows at this moment: an effect, its interval and a word, right whenever one looks."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from platform_assets.contract.experiments import Experiment, Metric, MetricName, Variant
from platform_assets.experiments.means import scaled
from platform_assets.experiments.rates import Arm, Interval, Pair, difference_interval, least_log_evidence
from platform_assets.experiments.sample_ratio import Period, SampleRatio, sample_ratio
from platform_assets.experiments.summary import Moments, Summary
from platform_assets.experiments.unbounded import is_even_enough, unbounded_difference, unbounded_p_value

Word = Literal["better", "worse", "no difference shown yet", "equivalent within the declared margin"]

# Intervals of unbounded values are the narrowest at this many times the smallest count.
_NARROWEST = 20


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The effect treatment - control of one metric, in its unit, with an interval that holds at every moment.

    `p_value` is always valid: it may be looked at after every answer. Without enough units there is no interval. An
    asymptotic verdict is not `is_exact`. `stopping_rule` is told with the p-value, which means nothing without it.
    """

    metric: MetricName
    word: Word
    units: tuple[int, int]
    effect: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    is_exact: bool = True
    stopping_rule: str = "any moment: the interval and the p-value hold however often they are looked at"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of each treatment, metrics in the declared order, and whether the comparison itself is sound."""

    verdicts: dict[str, tuple[Verdict, ...]]
    sample_ratio: SampleRatio

    @property
    def harmful(self) -> tuple[str, ...]:
        """The treatments that are shown to be worse in any metric: these stop, whatever else they are good at."""
        return tuple(name for name, found in self.verdicts.items() if any(one.word == "worse" for one in found))

    @property
    def is_sound(self) -> bool:
        """Whether units arrive as they were sent; if not, no verdict can be relied on."""
        return not self.sample_ratio.is_mismatch


def report(experiment: Experiment, results: Mapping[str, Summary], periods: Sequence[Period] = ()) -> Report:
    """Return all verdicts; a variant without a summary has nothing yet.

    Summaries hold assigned units only: who chose a variant by a header chose it for a reason. `periods` are the counts
    of new units per variant, in the order of the variants, one period for each change of the shares.
    """
    control = results.get(experiment.control.name, Summary())
    verdicts = {
        variant.name: tuple(
            verdict(experiment, control, results.get(variant.name, Summary()), metric=metric, variant=variant)
            for metric in experiment.metrics
        )
        for variant in experiment.treatments
    }
    return Report(verdicts=verdicts, sample_ratio=sample_ratio(periods))


def verdict(
    experiment: Experiment,
    control: Summary,
    treatment: Summary,
    *,
    metric: Metric | None = None,
    variant: Variant | None = None,
) -> Verdict:
    """Return the verdict on one treatment, by the first metric and on the first treatment unless told otherwise."""
    metric = metric or experiment.metrics[0]
    variant = variant or experiment.treatments[0]
    values = _values(metric, control), _values(metric, treatment)
    units = values[0].count, values[1].count
    nothing = Verdict(metric=metric.name, word="no difference shown yet", units=units)
    if min(units) < experiment.min_units:
        return nothing
    bounds = _bounds(metric)
    if bounds and bounds[0] <= min(one.low for one in values) and max(one.high for one in values) <= bounds[1]:
        tie = variant.share / experiment.control.share if variant.share and experiment.control.share else 1.0
        return _exact(nothing, metric, values, bounds, (experiment.alpha_each, tie))
    return _asymptotic(nothing, metric, values, experiment)


def _values(metric: Metric, summary: Summary) -> Moments:
    if metric.name == "value":
        return summary.values
    size, hits = (summary.answers, summary.errors) if metric.name == "error_rate" else (summary.labels, summary.right)
    return Moments(size, float(hits), float(hits), 0.0, 1.0)


def _bounds(metric: Metric) -> Interval | None:
    return metric.bounds if metric.name == "value" else (0.0, 1.0)


def _exact(
    nothing: Verdict, metric: Metric, values: tuple[Moments, Moments], bounds: Interval, level: tuple[float, float]
) -> Verdict:
    control, treatment = (scaled(one, bounds) for one in values)
    alpha, tie = level
    pair = Pair(Arm(control.count, control.total), Arm(treatment.count, treatment.total), tie)
    width = bounds[1] - bounds[0]
    low, high = difference_interval(pair, alpha)
    p_value = math.exp(min(0.0, -least_log_evidence(pair)))
    return _told(nothing, metric, values, (low * width, high * width), p_value)


def _asymptotic(nothing: Verdict, metric: Metric, values: tuple[Moments, Moments], experiment: Experiment) -> Verdict:
    """Nothing is said while a single value weighs so much that the sums are not nearly normal."""
    if not all(is_even_enough(one) for one in values):
        return msgspec.structs.replace(nothing, is_exact=False)
    alpha, narrowest_at = experiment.alpha_each, _NARROWEST * experiment.min_units
    interval = unbounded_difference(*values, alpha, narrowest_at)
    p_value = unbounded_p_value(*values, alpha, narrowest_at)
    return msgspec.structs.replace(_told(nothing, metric, values, interval, p_value), is_exact=False)


def _told(
    nothing: Verdict, metric: Metric, values: tuple[Moments, Moments], interval: Interval, p_value: float
) -> Verdict:
    effect = float(np.divide(values[1].total, values[1].count) - np.divide(values[0].total, values[0].count))
    word = _word(metric, interval)
    return msgspec.structs.replace(nothing, word=word, effect=effect, interval=interval, p_value=p_value)


def _word(metric: Metric, interval: Interval) -> Word:
    """Return the word: a difference that is shown but surely within the margin does not matter, it is equivalent."""
    low, high = interval
    if -metric.margin <= low and high <= metric.margin:
        return "equivalent within the declared margin"
    if low <= 0.0 <= high:
        return "no difference shown yet"
    return "better" if (low > 0.0) == (metric.name != "error_rate") else "worse"
