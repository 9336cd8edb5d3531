"""Metrics under row weights, against scikit-learn and pandas."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, mean_absolute_error, roc_auc_score

from platform_assets.inference.frame import Floats
from platform_assets.training.metrics import METRICS_BY_KIND, prepare_metric

ROWS = 400


@pytest.fixture(scope="module")
def sample() -> tuple[Floats, Floats, Floats]:
    random = np.random.default_rng(3)
    score = random.integers(0, 60, ROWS) / 60  # many ties
    label = (random.random(ROWS) < score).astype(np.float64)
    return label, score, random.integers(0, 4, ROWS).astype(np.float64)


def test_auc_with_weights_and_ties_equals_scikit_learn(sample: tuple[Floats, Floats, Floats]) -> None:
    label, score, weights = sample
    assert prepare_metric("auc", label, score)(weights) == pytest.approx(
        roc_auc_score(label, score, sample_weight=weights)
    )


def test_average_precision_with_weights_and_ties_equals_scikit_learn(sample: tuple[Floats, Floats, Floats]) -> None:
    label, score, weights = sample
    expected = average_precision_score(label, score, sample_weight=weights)
    assert prepare_metric("average_precision", label, score)(weights) == pytest.approx(expected)


def test_mean_errors_with_weights_equal_scikit_learn(sample: tuple[Floats, Floats, Floats]) -> None:
    label, score, weights = sample
    brier, mae = prepare_metric("brier", label, score), prepare_metric("mae", label, score)
    assert brier(weights) == pytest.approx(brier_score_loss(label, score, sample_weight=weights))
    assert mae(weights) == pytest.approx(mean_absolute_error(label, score, sample_weight=weights))


def test_spearman_with_weights_equals_that_of_the_repeated_rows(sample: tuple[Floats, Floats, Floats]) -> None:
    label, score, weights = sample
    repeated = np.repeat(np.arange(ROWS), weights.astype(int))
    expected = pd.Series(label[repeated]).corr(pd.Series(score[repeated]), method="spearman")
    assert prepare_metric("spearman", label, score)(weights) == pytest.approx(expected)


def test_calibration_error_of_a_shifted_score_is_the_shift() -> None:
    score = np.linspace(0.3, 0.7, 1_000)
    assert prepare_metric("calibration_error", score - 0.1, score)(np.ones(1_000)) == pytest.approx(0.1)


def test_calibration_error_weighs_each_gap_by_its_rows() -> None:
    score, label = np.repeat([0.2, 0.8], 50), np.repeat([0.0, 1.0], 50)
    assert prepare_metric("calibration_error", label, score)(np.ones(100)) == pytest.approx(0.2)


def test_coverage_is_the_share_of_rows_with_a_score() -> None:
    assert prepare_metric("coverage", np.ones(4), np.array([1.0, np.nan, 0.0, 2.0]))(np.ones(4)) == 0.75


@pytest.mark.parametrize("metric", ["auc", "average_precision", "spearman"])
def test_a_metric_of_one_class_is_undefined(metric: str) -> None:
    measure = prepare_metric(metric, np.zeros(5), np.zeros(5))  # type: ignore[arg-type]  # parametrised text
    assert np.isnan(measure(np.ones(5)))


@pytest.mark.parametrize("metric", sorted({metric for metrics in METRICS_BY_KIND.values() for metric in metrics}))
def test_a_metric_of_no_row_is_undefined(metric: str) -> None:
    measure = prepare_metric(metric, np.empty(0), np.empty(0))  # type: ignore[arg-type]  # parametrised text
    assert np.isnan(measure(np.empty(0)))
