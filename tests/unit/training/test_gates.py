"""Gates: every one must hold, and says its numbers."""

import msgspec
import pytest

from platform_assets.contract.evaluation import Gate
from platform_assets.errors import GateRefusedError
from platform_assets.products._discovery import discover_products
from platform_assets.training.evaluation import Comparison, Evaluation, Measurement
from platform_assets.training.gates import GateResult, judge, require_gates

PARKING = next(product for product in discover_products() if product.name == "parking_demand")


def evaluation(mae: float, baseline: float) -> Evaluation:
    return Evaluation(
        product="parking_demand",
        train_rows=10,
        test_rows=10,
        train_mean_label=0.5,
        test_mean_label=0.5,
        invalid_rows=0,
        measurements=[
            Measurement(slice="30_minutes_ahead", scorer="model", metric="mae", value=mae, low=None, high=None, rows=9)
        ],
        comparisons=[
            Comparison(
                slice=name,
                baseline=other,
                metric="mae",
                model=mae,
                other=baseline,
                advantage=baseline - mae,
                low=None,
                high=None,
                rows=9,
            )
            for name, other in (("30_minutes_ahead", "previous_slot"), ("day_ahead", "last_week"))
        ],
        calibration=None,
        interval_coverage=None,
    )


def judged(gate: Gate, mae: float, baseline: float) -> GateResult:

    return judge(msgspec.structs.replace(PARKING, gates=(gate,)), evaluation(mae, baseline))[0]


def test_a_model_that_beats_every_bound_passes() -> None:
    assert all(result.is_passed for result in judge(PARKING, evaluation(0.010, 0.040)))


def test_a_lower_error_must_be_lower_by_the_whole_factor() -> None:
    gate = Gate(metric="mae", slice="30_minutes_ahead", better_than="previous_slot", by_factor=2.5)
    assert judged(gate, 0.0159, 0.040).is_passed
    refused = judged(gate, 0.0161, 0.040)
    assert not refused.is_passed
    assert refused.bound == pytest.approx(0.016)


def test_an_equal_error_is_not_better() -> None:
    assert not judged(Gate(metric="mae", slice="day_ahead", better_than="last_week"), 0.04, 0.04).is_passed


def test_a_metric_that_was_not_measured_fails() -> None:
    result = judged(Gate(metric="auc", minimum=0.5), 0.01, 0.04)
    assert not result.is_passed
    assert "not measured" in str(result)


def test_a_refusal_names_every_failed_gate_with_its_numbers() -> None:
    results = judge(PARKING, evaluation(0.05, 0.04))
    with pytest.raises(
        GateRefusedError, match=r"mae on 30_minutes_ahead is at most 0\.014: fails \(0\.05 against 0\.014\)"
    ):
        require_gates(PARKING, results)
