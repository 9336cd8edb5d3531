"""The logarithmic loss under row weights, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import log_loss as reference

from platform_assets.statistics.weighted_metrics import log_loss


def test_it_is_that_of_scikit_learn_also_under_weights() -> None:
    random = np.random.default_rng(2)
    score = random.beta(2, 2, 500)
    label = (random.random(500) < score).astype(np.float64)
    weights = random.integers(0, 4, 500).astype(np.float64)
    found = log_loss(label, score)
    assert found(np.ones(500)) == pytest.approx(reference(label, score))
    assert found(weights) == pytest.approx(reference(label, score, sample_weight=weights))


def test_being_sure_and_wrong_is_dear_but_finite() -> None:
    assert 30.0 < log_loss(np.array([1.0]), np.array([0.0]))(np.ones(1)) < 40.0
