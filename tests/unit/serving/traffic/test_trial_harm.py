"""What an endpoint holds against a variant: hard limits, twice the control's errors, a worse error rate."""

import datetime as dt

import pytest

from platform_assets.contract.experiments import Experiment, Metric
from platform_assets.contract.rollout import Gates, HardLimits, RolloutPlan
from platform_assets.experiments.histogram import Histogram, log_bucket
from platform_assets.experiments.summary import Summary
from platform_assets.rollouts.experiments_course import ExperimentRecord, drafted
from platform_assets.rollouts.moves import Word
from platform_assets.serving.traffic.trial_harm import breach_told, harm_told
from tests.unit.serving.traffic.trying import trial

WORD = Word(by="ada", at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), reason="because")
PLAN = RolloutPlan(gates=Gates(), hard=HardLimits())
VALUE = Metric(name="value", margin=1.0)


def record(experiment: Experiment | None = None) -> ExperimentRecord:
    return drafted(experiment or trial(), WORD)


def seen(answers: int, errors: int, *, ms: float = 5.0) -> Summary:
    return Summary(answers=answers, errors=errors, latency_ms=Histogram({log_bucket(ms): answers}))


@pytest.mark.parametrize(
    ("control", "treatment", "told"),
    [
        (seen(5000, 5), seen(5000, 150), "treatment: 3.00% (150 of 5,000) of the answers of this step failed"),
        (seen(5000, 5), seen(5000, 5, ms=900.0), "took longer than 200 ms"),
        (seen(9000, 9), seen(9000, 90), "treatment fails more than 2 times as often: 1.00% against 0.10%"),
        (seen(90000, 900), seen(90000, 1400), "treatment is worse in error_rate: 1.56% against 1.00% of the control"),
    ],
)
def test_a_variant_that_harms_is_named_with_its_numbers(control: Summary, treatment: Summary, told: str) -> None:
    found = harm_told(record(), PLAN, {"control": control, "treatment": treatment})
    assert found is not None
    assert told in found


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (seen(5000, 5), seen(5000, 7)),
        (seen(5000, 150), seen(5000, 5)),
        (seen(900_000, 9_000), seen(900_000, 10_500)),  # shown, and within the margin
        (seen(40, 0), seen(40, 0)),
        (Summary(), Summary()),
    ],
)
def test_a_variant_that_does_no_harm_is_left_alone(control: Summary, treatment: Summary) -> None:
    assert harm_told(record(), PLAN, {"control": control, "treatment": treatment}) is None


def test_more_than_twice_the_errors_of_the_control_end_it_whatever_is_compared() -> None:
    told = harm_told(record(trial(metrics=(VALUE,))), PLAN, {"control": seen(9000, 9), "treatment": seen(9000, 90)})
    assert told is not None
    assert told.startswith("treatment fails more than 2 times as often")


def test_a_difference_in_shares_is_no_harm_and_hides_none() -> None:
    uneven = record(trial(share=0.05))
    assert harm_told(uneven, PLAN, {"control": seen(95000, 95), "treatment": seen(5000, 6)}) is None
    assert harm_told(uneven, PLAN, {"control": seen(95000, 95), "treatment": seen(5000, 60)}) is not None


def test_a_single_failing_answer_is_held_against_hard_limits_alone() -> None:
    figures = {"control": seen(9000, 9), "treatment": seen(9000, 90)}
    assert breach_told(record(), PLAN, "treatment", figures) is None
    worse = {"control": seen(9000, 9), "treatment": seen(9000, 300)}
    assert breach_told(record(), PLAN, "treatment", worse) is not None
