"""Every guardrail holds on good rows and trips on bad ones, with the number it judged."""

from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pytest

from platform_assets.batch.guardrails import GUARDRAILS, GuardrailResult, judge_batch
from platform_assets.contract.promises import Guardrails
from tests.unit.serving.conftest import product_named

GOOD = [0.0, 0.5, 1.0, 0.25]


def judged(
    scores: Sequence[float | None], *, keys: list[str] | None = None, previous: int | None = None
) -> dict[str, GuardrailResult]:
    bounds = Guardrails(min_rows=4, max_null_ratio=0.25, max_row_change_ratio=0.5)
    product = msgspec.structs.replace(product_named("churn"), guardrails=bounds)
    row_keys = keys or [str(place) for place in range(len(scores))]
    rows = pa.table({"score": pa.array(scores, pa.float64()), "row_key": pa.array(row_keys, pa.string())})
    return {result.guardrail: result for result in judge_batch(product, rows, previous_rows=previous)}


def test_a_good_batch_gets_a_verdict_of_every_guardrail_and_passes_all() -> None:
    results = judged(GOOD, previous=4)
    assert tuple(results) == GUARDRAILS
    assert all(result.is_passed for result in results.values())


@pytest.mark.parametrize("outside", [-0.001, 1.001, float("inf"), float("-inf")])
def test_scores_outside_the_valid_range_are_counted_and_trip(outside: float) -> None:
    result = judged([*GOOD, outside, outside])["value_range"]
    assert (result.is_passed, result.observed) == (False, 2.0)


def test_a_nan_that_reaches_the_file_trips_the_range() -> None:
    assert not judged([*GOOD, float("nan")])["value_range"].is_passed


def test_the_ratio_of_missing_scores_may_reach_its_bound_and_trips_above_it() -> None:
    assert judged([0.1, 0.2, 0.3, None])["null_ratio"].is_passed
    result = judged([0.1, 0.2, None, None])["null_ratio"]
    assert (result.is_passed, result.observed) == (False, 0.5)


def test_too_few_rows_trip_with_their_number() -> None:
    result = judged([0.1, 0.2, 0.3])["row_count"]
    assert (result.is_passed, result.observed, result.bound) == (False, 3.0, "at least 4")


@pytest.mark.parametrize(
    ("previous", "change", "is_passed"), [(8, 0.5, True), (9, 5 / 9, False), (3, 1 / 3, True), (2, 1.0, False)]
)
def test_a_change_of_row_count_trips_in_both_directions(previous: int, change: float, is_passed: bool) -> None:  # noqa: FBT001 - a case of the table
    result = judged(GOOD, previous=previous)["row_count_change"]
    assert result.is_passed == is_passed
    assert result.observed == pytest.approx(change)


@pytest.mark.parametrize("previous", [None, 0])
def test_the_first_batch_and_one_after_an_empty_one_have_no_change_to_judge(previous: int | None) -> None:
    assert judged(GOOD, previous=previous)["row_count_change"].is_passed


def test_repeated_rows_are_counted_and_trip() -> None:
    result = judged(GOOD, keys=["a", "b", "a", "a"])["unique_rows"]
    assert (result.is_passed, result.observed) == (False, 2.0)


def test_a_batch_without_rows_is_judged_by_its_row_count_alone() -> None:
    assert [name for name, result in judged([]).items() if not result.is_passed] == ["row_count"]
