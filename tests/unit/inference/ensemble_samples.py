"""An ensemble made by hand: the churn declaration with three LightGBM models of random data."""

import lightgbm
import msgspec
import numpy as np

from platform_assets.contract.compile import compile_product, product_digest
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.inference.bundle_manifest import BundleOrigin
from platform_assets.inference.ensemble_files import members_of
from platform_assets.inference.frame import Floats

WEIGHTS = (0.7, 0.2, 0.4)  # they add up to 1.2999999999999998 from left to right, and to 1.3 in other orders


def member_text(inputs: int, seed: int) -> bytes:
    """Return the text of a small model of random data with missing values and a category."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(900, inputs))
    matrix[:, 1] = random.integers(0, 40, 900)
    matrix[random.random(matrix.shape) < 0.05] = np.nan
    label = (np.nan_to_num(matrix[:, 0]) + 0.5 * random.normal(size=900) > 0).astype(float)
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 9 + seed}
    booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, label, categorical_feature=[1]), num_boost_round=20)
    return str(booster.model_to_string()).encode()


def member_texts(inputs: int) -> list[bytes]:
    return [member_text(inputs, seed) for seed in (1, 2, 3)]


def rows(inputs: int, count: int = 400) -> Floats:
    random = np.random.default_rng(11)
    matrix: Floats = random.normal(size=(count, inputs))
    matrix[:, 1] = random.integers(-1, 45, count)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return matrix


def scores_of(texts: list[bytes], matrix: Floats) -> list[Floats]:
    """Return what the training package itself says of each member."""
    boosters = [lightgbm.Booster(model_str=text.decode()) for text in texts]
    return [np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64) for booster in boosters]


def mean_by_hand(scores: list[Floats], weights: tuple[float, ...]) -> Floats:
    """Return the weighted mean in plain Python, one row and one step after the other."""
    means = []
    for row in zip(*(score.tolist() for score in scores), strict=True):
        total, weight_sum = row[0] * weights[0], weights[0]
        for score, weight in zip(row[1:], weights[1:], strict=True):
            total, weight_sum = total + score * weight, weight_sum + weight
        means.append(total / weight_sum)
    return np.array(means)


def ensemble_product(churn: Product, weights: tuple[float, ...] | None = WEIGHTS) -> Product:
    first = GradientBoosting(objective="binary", rounds=20, learning_rate=0.1, leaves=10, min_rows_per_leaf=20)
    members = tuple(msgspec.structs.replace(first, leaves=9 + seed) for seed in (1, 2, 3))
    return msgspec.structs.replace(churn, recipe=Ensemble(members=members, weights=weights))


def ensemble_files(product: Product, pair_files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of the pair with three members in place of its model."""
    texts = member_texts(len(product.model_inputs))
    return {
        **{name: content for name, content in pair_files.items() if name != "model.txt"},
        **{f"model_{number}.txt": text for number, text in enumerate(texts, start=1)},
        "product.json": compile_product(product),
    }


def ensemble_origin(product: Product, origin: BundleOrigin) -> BundleOrigin:
    return msgspec.structs.replace(origin, product_digest=product_digest(product), members=members_of(product.recipe))
