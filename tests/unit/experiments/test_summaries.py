"""Summaries of variants: pure sums that several workers may add up in any order."""

import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.contract.score import Score
from platform_assets.experiments.histogram import Histogram, distribution_gaps, log_bucket, middle, score_scale
from platform_assets.experiments.summary import Moments, Summary, Tally

counts = st.integers(0, 1000)
histograms = st.builds(Histogram, st.dictionaries(st.integers(-5, 5), st.integers(1, 9)))
# Eighths add up without rounding, so equality below is exact.
eighths = st.integers(-8000, 8000).map(lambda number: number / 8)
moments = st.lists(eighths, max_size=5).map(lambda values: sum((Moments().with_value(v) for v in values), Moments()))
summaries = st.builds(
    Summary,
    answers=counts,
    errors=counts,
    latency_ms=histograms,
    scores=histograms,
    labels=counts,
    right=counts,
    values=moments,
    unusable=counts,
)
PROBABILITY = Score(meaning="m", kind="probability", low=0.0, high=1.0, unit="", intended_use="", known_limitations=())


@given(summaries, summaries, summaries)
def test_adding_summaries_is_associative_and_commutative_with_the_empty_one_as_zero(
    one: Summary, two: Summary, three: Summary
) -> None:
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert one + Summary() == one


@given(summaries)
def test_a_summary_travels_between_workers_as_json(summary: Summary) -> None:
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


@given(st.lists(st.tuples(st.floats(0, 1e4), st.booleans()), max_size=30), st.integers(0, 30))
def test_two_workers_together_tell_what_one_would_have(answers: list[tuple[float, bool]], cut: int) -> None:
    def told(part: list[tuple[float, bool]]) -> Summary:
        tally = Tally(log_bucket)
        for latency, failed in part:
            tally.count_answer(latency, failed=failed)
            tally.count_score(latency)
        return tally.summary()

    assert told(answers[:cut]) + told(answers[cut:]) == told(answers)


def test_percentiles_of_merged_latencies_are_within_three_percent() -> None:
    rng = random.Random(7)  # noqa: S311 - a simulation
    values = sorted(rng.lognormvariate(3, 0.7) for _ in range(20_000))
    merged = Histogram()
    for part in (values[::2], values[1::2]):
        tally = Tally(log_bucket)
        for value in part:
            tally.count_answer(value, failed=False)
        merged += tally.summary().latency_ms
    for share in (0.5, 0.95, 0.99):
        exact = values[math.ceil(share * len(values)) - 1]
        assert merged.quantile(share) == pytest.approx(exact, rel=0.03)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_larger_value_never_falls_into_a_lower_bucket(one: float, other: float) -> None:
    assert log_bucket(min(one, other)) <= log_bucket(max(one, other))


@given(st.floats(1e-5, 1e11), st.booleans())
def test_the_middle_of_a_bucket_is_near_each_of_its_values(size: float, negative: bool) -> None:  # noqa: FBT001 - drawn
    value = -size if negative else size
    assert middle(log_bucket(value)) == pytest.approx(value, rel=0.023)


@given(st.lists(st.floats(0.01, 1e4), max_size=50), st.floats(0.01, 1e4))
def test_never_more_values_are_counted_above_a_limit_than_are(values: list[float], limit: float) -> None:
    tally = Tally(log_bucket)
    for value in values:
        tally.count_answer(value, failed=False)
    assert tally.summary().latency_ms.count_above(limit) <= sum(value > limit for value in values)


def test_numbers_that_are_not_finite_are_counted_apart_and_spoil_nothing() -> None:
    tally = Tally(log_bucket)
    tally.count_value(math.nan)
    tally.count_value(2.0)
    tally.count_score(math.inf)
    tally.count_answer(math.nan, failed=True)
    summary = tally.summary()
    assert summary.unusable == 3
    assert summary.values == Moments(1, 2.0, 4.0, 2.0, 2.0)
    assert (summary.answers, summary.errors, summary.latency_ms.total) == (1, 1, 0)


def test_a_summary_is_not_changed_by_later_counts() -> None:
    tally = Tally(log_bucket)
    tally.count_answer(1.0, failed=False)
    before = tally.summary()
    tally.count_answer(1.0, failed=True)
    tally.count_label(right=True)
    assert (before.answers, before.error_rate, before.latency_ms.total, before.accuracy) == (1, 0.0, 1, None)
    assert (tally.summary().error_rate, tally.summary().accuracy) == (0.5, 1.0)


def test_an_empty_summary_has_no_rates_no_mean_and_no_percentile() -> None:
    nothing = Summary()
    assert (nothing.error_rate, nothing.accuracy, nothing.values.mean) == (None, None, None)
    assert nothing.latency_ms.quantile(0.99) is None
    assert nothing.values.variance == 0.0


def test_moments_tell_mean_and_variance_of_their_values() -> None:
    told = sum((Moments().with_value(value) for value in (1.0, 2.0, 6.0)), Moments())
    assert (told.mean, told.low, told.high) == (3.0, 1.0, 6.0)
    assert told.variance == pytest.approx(14 / 3)


def test_probabilities_are_cut_evenly_and_estimates_by_their_size() -> None:
    even = score_scale(PROBABILITY)
    assert [even(value) for value in (0.0, 0.005, 0.999, 1.0)] == [0, 0, 99, 99]
    assert score_scale(msgspec.structs.replace(PROBABILITY, kind="estimate"))(40.0) == log_bucket(40.0)


def test_the_gap_of_two_distributions_is_that_of_their_distribution_functions() -> None:
    assert list(distribution_gaps(Histogram({1: 1, 2: 1}), Histogram({2: 2, 3: 2}))) == pytest.approx([0.5, 0.5, 0.0])
