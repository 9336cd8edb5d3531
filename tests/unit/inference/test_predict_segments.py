"""Segments: quintiles of data, names of the declaration."""

import itertools

import numpy as np
import pytest

from platform_assets.contract.recipes import RfmSegments
from platform_assets.inference.predict_segments import Quintiles, SegmentModel, SegmentPredictor
from platform_assets.products._discovery import discover_products

BOUNDS = (1.0, 2.0, 3.0, 4.0)


@pytest.fixture(scope="module")
def recipe() -> RfmSegments:
    found = next(product for product in discover_products() if product.name == "segments").recipe
    assert isinstance(found, RfmSegments)
    return found


@pytest.fixture(scope="module")
def predictor(recipe: RfmSegments) -> SegmentPredictor:
    columns = (recipe.recency, recipe.frequency, recipe.monetary)
    parts = [Quintiles(column=name, position=place, bounds=BOUNDS) for place, name in enumerate(columns)]
    return SegmentPredictor(SegmentModel(recency=parts[0], frequency=parts[1], monetary=parts[2], rules=recipe.rules))


def test_every_combination_of_quintiles_has_a_name(predictor: SegmentPredictor) -> None:
    matrix = np.array(list(itertools.product((0.5, 1.5, 2.5, 3.5, 4.5), repeat=3)))
    classes = predictor.predict(matrix)
    assert np.isfinite(classes).all()
    assert set(classes.tolist()) == set(range(7))


def test_a_recent_frequent_rich_customer_is_a_champion(predictor: SegmentPredictor, recipe: RfmSegments) -> None:
    best, worst = predictor.predict(np.array([[0.0, 9.0, 9.0], [9.0, 0.0, 0.0]]))
    assert recipe.rules[int(best)].name == "champions"
    assert recipe.rules[int(worst)].name == "hibernating"


def test_a_row_with_a_missing_input_has_no_segment(predictor: SegmentPredictor) -> None:
    assert np.isnan(predictor.predict(np.array([[np.nan, 1.0, 1.0]]))).all()


def test_a_row_gets_the_same_segment_alone_and_among_others(predictor: SegmentPredictor) -> None:
    matrix = np.random.default_rng(1).gamma(2.0, 1.5, size=(200, 3))
    alone = [predictor.predict(matrix[row : row + 1])[0] for row in range(200)]
    assert np.array_equal(alone, predictor.predict(matrix))
