"""The gates that every product has at its approval, each on the numbers just inside and just outside its bound."""

import datetime as dt

import msgspec
import numpy as np
import pytest

from platform_assets.contract.evaluation import Acceptance
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.products._discovery import discover_products
from platform_assets.statistics.bootstrap import Interval
from platform_assets.training.calibration_gate import judge_calibration
from platform_assets.training.champion import Duel, judge_duel
from platform_assets.training.evaluation import Evaluation, Measurement
from platform_assets.training.gates import GateResult
from platform_assets.training.slice_gate import judge_slices

CHURN, PARKING = (
    next(product for product in discover_products() if product.name == name) for name in ("churn", "parking_demand")
)
RELEASE = Release(
    release_id="abc",
    product="churn",
    model_version=7,
    bundle_path="bundles/churn/7",
    bundle_digest="d",
    contract_version=1,
    feature_service="churn_v1",
    fallbacks=(),
    default_score=None,
    created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    reason="r",
)


def asking(product: Product, **bounds: float) -> Product:
    return msgspec.structs.replace(product, acceptance=Acceptance(**bounds))  # type: ignore[arg-type]


def evaluation(*measurements: Measurement) -> Evaluation:
    return Evaluation(
        product="churn",
        train_rows=10,
        test_rows=10,
        train_mean_label=0.5,
        test_mean_label=0.5,
        invalid_rows=0,
        measurements=list(measurements),
        comparisons=[],
        calibration=None,
        interval_coverage=None,
    )


def calibration(value: float | None, low: float | None, high: float | None) -> GateResult:
    measured = Measurement(
        slice="all", scorer="model", metric="calibration_error", value=value, low=low, high=high, rows=100
    )
    return judge_calibration(asking(CHURN, max_calibration_error=0.1), evaluation(measured))[0]


def duel(candidate: float, *, low: float = -0.05, high: float = -0.001, name: str = "all") -> Duel:
    """Return a duel on AUC against a champion of 0.8."""
    return Duel(name, "auc", candidate, 0.8, Interval(candidate - 0.8, low, high), 1000)


def test_a_calibration_error_that_is_shown_to_be_above_its_bound_is_refused() -> None:
    # The pivotal interval of 0.15 with quantiles 0.12 and `high` begins at 0.3 - high.
    assert calibration(0.15, 0.12, 0.201).is_passed
    refused = calibration(0.15, 0.12, 0.199)
    assert not refused.is_passed
    assert (refused.value, refused.bound) == (0.15, 0.1)
    assert [refused.low, refused.high] == pytest.approx([0.101, 0.18])
    assert "fails (0.15 against 0.1, interval 0.101 to 0.18)" in str(refused)


def test_a_calibration_error_that_could_not_be_measured_is_refused() -> None:
    assert not calibration(None, None, None).is_passed
    assert not judge_calibration(CHURN, evaluation())[0].is_passed


def test_only_a_probability_is_asked_for_its_calibration() -> None:
    assert judge_calibration(PARKING, evaluation()) == []


def test_a_loss_against_the_champion_up_to_the_allowed_share_passes_and_one_above_is_refused() -> None:
    churn = asking(CHURN, allowed_loss=0.1)  # from 0.8 down to 0.72
    assert judge_duel(churn, duel(0.7201), RELEASE).is_passed
    refused = judge_duel(churn, duel(0.7199), RELEASE)
    assert not refused.is_passed
    assert refused.kind == "champion"
    assert refused.bound == pytest.approx(0.72)
    assert "release abc (version 7) on the same 1000 rows: fails (0.7199 against 0.72" in str(refused)


def test_of_an_error_the_champion_may_be_exceeded_by_the_allowed_share() -> None:
    parking = asking(PARKING, allowed_loss=0.1)
    for value, holds in ((10.99, True), (11.01, False)):
        found = Duel("all", "mae", value, 10.0, Interval(10.0 - value, -1.5, -0.5), 100)
        assert judge_duel(parking, found, RELEASE).is_passed is holds


def test_a_loss_that_may_be_an_accident_has_a_wider_limit() -> None:
    churn = asking(CHURN, allowed_loss=0.1, allowed_unproven_loss=0.25)  # from 0.8 down to 0.6
    assert judge_duel(churn, duel(0.6001, high=0.001), RELEASE).is_passed
    refused = judge_duel(churn, duel(0.5999, high=0.001), RELEASE)
    assert not refused.is_passed
    assert refused.bound == pytest.approx(0.6)
    assert not judge_duel(churn, duel(0.6001, high=-0.001), RELEASE).is_passed


def test_a_slice_has_an_allowed_loss_of_its_own() -> None:
    churn = asking(CHURN, allowed_loss=0.01, allowed_slice_loss=0.1)
    assert not judge_duel(churn, duel(0.75), RELEASE).is_passed
    on_slice = judge_duel(churn, duel(0.75, name="new_customers"), RELEASE)
    assert (on_slice.kind, on_slice.is_passed) == ("slices", True)
    assert not judge_duel(churn, duel(0.71, name="new_customers"), RELEASE).is_passed


def test_a_metric_that_is_undefined_for_the_rows_says_nothing_about_a_candidate() -> None:
    assert judge_duel(CHURN, duel(float("nan")), RELEASE).is_passed


def rows_of(count: int, value: float | None = 0.01) -> list[GateResult]:
    parts = (part.name for part in PARKING.slices)
    measured = (
        Measurement(slice=name, scorer="model", metric="mae", value=value, low=None, high=None, rows=count)
        for name in parts
    )
    return judge_slices(asking(PARKING, min_slice_rows=30), evaluation(*measured))


def test_a_slice_needs_its_least_number_of_rows() -> None:
    assert [result.is_passed for result in rows_of(30)] == [True, True]
    assert [result.is_passed for result in rows_of(29)] == [False, False]
    assert "mae of slice day_ahead is measured on at least 30 rows: fails (29 against 30)" in map(str, rows_of(29))


def test_a_slice_that_was_not_measured_is_refused() -> None:
    assert not any(result.is_passed for result in rows_of(1000, value=None))
    assert not any(result.is_passed for result in judge_slices(PARKING, evaluation()))


def test_the_verdict_of_a_gate_without_numbers_is_a_plain_sentence() -> None:
    told = GateResult(
        kind="champion", gate="no champion: this is the first release", is_passed=True, value=None, bound=None
    )
    assert str(told) == "no champion: this is the first release: holds"
    assert np.isclose(duel(0.75).loss_bound(0.05), 0.76)
