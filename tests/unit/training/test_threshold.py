"""Precision, recall and F1 of the labels that a declared threshold makes."""

import msgspec
import numpy as np
import pytest

from platform_assets.products._discovery import discover_products
from platform_assets.training.evaluation import AtThreshold
from platform_assets.training.threshold import at_threshold

CHURN, CLV = (next(product for product in discover_products() if product.name == name) for name in ("churn", "clv"))


def found(label: list[float], score: list[float]) -> AtThreshold:
    told = at_threshold(CHURN, np.array(label), np.array(score))
    assert told is not None
    return told


def test_a_score_at_the_threshold_is_named_and_one_below_is_not() -> None:
    told = found([1, 1, 0, 1, 0], [0.5, 0.9, 0.7, 0.4999, 0.1])
    assert told.threshold == 0.5
    assert [told.precision, told.recall, told.f1] == pytest.approx([2 / 3, 2 / 3, 2 / 3])


def test_a_row_without_a_valid_score_is_not_named() -> None:
    assert found([1, 1], [np.nan, 0.9]).metrics() == pytest.approx({"precision": 1.0, "recall": 0.5, "f1": 2 / 3})


def test_what_is_undefined_is_not_told() -> None:
    assert found([1, 0], [0.1, 0.2]).metrics() == {"recall": 0.0}
    assert found([0, 0], [0.9, 0.2]).metrics() == {"precision": 0.0}
    assert found([1, 0], [0.1, 0.9]).metrics() == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_without_a_threshold_there_are_no_labels_to_judge() -> None:
    assert at_threshold(CLV, np.array([1.0]), np.array([1.0])) is None
    plain = msgspec.structs.replace(CHURN, score=msgspec.structs.replace(CHURN.score, threshold=None))
    assert at_threshold(plain, np.array([1.0]), np.array([1.0])) is None
