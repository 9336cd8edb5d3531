"""The preprocessor: columns and categories fixed in training."""

import msgspec
import numpy as np
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.inference.frame import Frame, to_column
from platform_assets.inference.preprocess import fit_preprocessor, to_matrix
from platform_assets.products._discovery import discover_products


@pytest.fixture(scope="module")
def parking() -> Product:
    found = next(product for product in discover_products() if product.name == "parking_demand")
    return msgspec.structs.replace(found, categories=("parking_bay_id",))


@pytest.fixture
def frame(parking: Product) -> dict[str, np.ndarray]:
    columns = {name: np.arange(3.0) + position for position, name in enumerate(parking.model_inputs)}
    return {**columns, "event_at": np.zeros(3), "parking_bay_id": to_column(["Bull Ring", None, "Moor"], "text")}


def test_the_matrix_follows_the_declared_order(parking: Product, frame: Frame) -> None:
    matrix = to_matrix(fit_preprocessor(parking, frame), frame)
    assert matrix.shape == (3, len(parking.model_inputs))
    assert matrix.flags.c_contiguous
    assert matrix[:, 0].tolist() == [0.0, 1.0, 2.0]


def test_a_category_is_its_position_and_an_unknown_one_is_missing(parking: Product, frame: Frame) -> None:
    preprocessor = fit_preprocessor(parking, frame)
    assert preprocessor.inputs[-1].categories == ("Bull Ring", "Moor")
    other = {**frame, "parking_bay_id": to_column(["Moor", "New Street", None], "text")}
    codes = to_matrix(preprocessor, other)[:, preprocessor.category_positions[0]]
    assert codes[0] == 1.0
    assert np.isnan(codes[1:]).all()


def test_an_absent_column_is_named(parking: Product, frame: Frame) -> None:
    preprocessor = fit_preprocessor(parking, frame)
    lacking = {name: column for name, column in frame.items() if name != "capacity"}
    with pytest.raises(MissingInputError, match="'capacity' of product 'parking_demand'"):
        to_matrix(preprocessor, lacking)
