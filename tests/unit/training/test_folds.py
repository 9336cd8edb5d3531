"""Folds: what belongs together stays together."""

import msgspec
import numpy as np

from platform_assets.products._discovery import discover_products
from platform_assets.training.folds import FOLDS, NEVER_HELD_OUT, assign_folds

PRODUCTS = {product.name: product for product in discover_products()}
ENTITIES = np.array([f"e{number % 50}" for number in range(600)], dtype=object)
AS_OF = np.repeat(np.arange(60.0), 10) * 86_400


def test_rows_of_one_customer_share_a_fold() -> None:
    folds = assign_folds(PRODUCTS["churn"], {"customer_id": ENTITIES, "as_of": AS_OF})
    assert all(len(set(folds[entity == ENTITIES])) == 1 for entity in set(ENTITIES))
    assert set(folds) == set(range(FOLDS))


def test_a_product_that_knows_its_entities_by_name_holds_out_the_last_third_of_the_days() -> None:
    by_name = msgspec.structs.replace(PRODUCTS["parking_demand"], categories=("parking_bay_id",))
    folds = assign_folds(by_name, {"parking_bay_id": ENTITIES, "as_of": AS_OF})
    assert (folds[AS_OF < 40 * 86_400] == NEVER_HELD_OUT).all()
    assert (folds[AS_OF >= 40 * 86_400] == 0).all()
