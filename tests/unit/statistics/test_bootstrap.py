"""Confidence intervals by entity."""

import numpy as np

from platform_assets.statistics.bootstrap import Bootstrap
from platform_assets.training.metrics import prepare_metric

RANDOM = np.random.default_rng(0)
ERRORS = RANDOM.normal(size=300)
ENTITIES = np.array([f"e{number % 30}" for number in range(300)], dtype=object)


def test_the_same_seed_gives_the_same_interval() -> None:
    metric = prepare_metric("mae", np.zeros(300), ERRORS)
    assert Bootstrap(ENTITIES, seed=1).interval(metric) == Bootstrap(ENTITIES, seed=1).interval(metric)


def test_the_interval_holds_the_value() -> None:
    found = Bootstrap(ENTITIES, seed=1).interval(prepare_metric("mae", np.zeros(300), ERRORS))
    assert found.low < found.value < found.high


def test_rows_that_repeat_an_entity_do_not_make_the_interval_narrower() -> None:
    once = Bootstrap(ENTITIES[:30], seed=1).interval(prepare_metric("mae", np.zeros(30), ERRORS[:30]))
    copies, entities = np.tile(ERRORS[:30], 10), np.tile(ENTITIES[:30], 10)
    often = Bootstrap(entities, seed=1).interval(prepare_metric("mae", np.zeros(300), copies))
    assert np.allclose(once, often)


def test_no_row_gives_no_interval() -> None:
    found = Bootstrap(np.empty(0, dtype=object), seed=1).interval(prepare_metric("mae", np.empty(0), np.empty(0)))
    assert np.isnan(found).all()
