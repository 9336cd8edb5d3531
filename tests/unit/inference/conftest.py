"""A small pair made by hand: the churn declaration with a LightGBM model of random data."""

import datetime as dt

import lightgbm
import msgspec
import numpy as np
import pytest

from platform_assets.contract.compile import compile_product, product_digest
from platform_assets.contract.product import Product
from platform_assets.inference.bundle_manifest import BundleOrigin, feature_version
from platform_assets.inference.native.build import build
from platform_assets.inference.native.library import NativeLibrary, load_library
from platform_assets.inference.preprocess import InputColumn, Preprocessor, encode_preprocessor
from platform_assets.inference.tables import LinearTable
from platform_assets.products._discovery import discover_products


@pytest.fixture(scope="session")
def churn() -> Product:
    return next(product for product in discover_products() if product.name == "churn")


@pytest.fixture(scope="session")
def booster(churn: Product) -> lightgbm.Booster:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(1_500, len(churn.model_inputs)))
    matrix[random.random(matrix.shape) < 0.05] = np.nan
    label = (np.nan_to_num(matrix[:, 0]) + 0.3 * random.normal(size=1_500) > 0).astype(float)
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    return lightgbm.train(parameters, lightgbm.Dataset(matrix, label), num_boost_round=30)


@pytest.fixture(scope="session")
def pair_files(churn: Product, booster: lightgbm.Booster) -> dict[str, bytes]:
    inputs = tuple(InputColumn(name=name) for name in churn.model_inputs)
    calibration, uncertainty = LinearTable(x=(0.1, 0.9), y=(0.2, 0.7)), LinearTable(x=(0.2, 0.7), y=(0.01, 0.05))
    return {
        "product.json": compile_product(churn),
        "preprocessor.json": encode_preprocessor(Preprocessor(product="churn", inputs=inputs)),
        "model.txt": booster.model_to_string().encode(),
        "calibration.json": msgspec.json.encode(calibration),
        "uncertainty.json": msgspec.json.encode(uncertainty),
        "features.json": b'{"service":"churn_v1"}',
    }


@pytest.fixture(scope="session")
def origin(churn: Product) -> BundleOrigin:
    return BundleOrigin(
        product="churn",
        model_version=3,
        framework="lightgbm",
        created_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        training_run_id="run-1",
        training_set_digest="a" * 64,
        code_version="b" * 16,
        feature_version=feature_version(churn),
        output_schema_version=churn.score.schema_version,
        product_digest=product_digest(churn),
    )


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> NativeLibrary:
    """Compile the native engine's kernel from this source, or skip where there is no compiler."""
    binary = tmp_path_factory.mktemp("native") / "forest.so"
    told = build(binary)
    if not binary.exists():
        pytest.skip(told)
    return load_library(binary)
