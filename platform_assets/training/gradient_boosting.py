"""The recipe of LightGBM models: fit, calibrate and learn the uncertainty from out-of-fold predictions."""

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.inference.frame import Frame
from platform_assets.inference.pair import LIGHTGBM_FILE
from platform_assets.inference.preprocess import encode_preprocessor, fit_preprocessor, to_matrix
from platform_assets.training.boosting import booster_parameters, fit_booster, predict_out_of_fold
from platform_assets.training.folds import assign_folds
from platform_assets.training.tables import learn_tables
from platform_assets.training.trained_pair import TrainedPair


def train_gradient_boosting(product: Product, recipe: GradientBoosting, train: Frame) -> TrainedPair:
    """Return the pair of a LightGBM recipe, trained on all rows; calibration and uncertainty are out-of-fold."""
    preprocessor = fit_preprocessor(product, train)
    matrix, label = to_matrix(preprocessor, train), train["label"]
    model = fit_booster(recipe, preprocessor, matrix, label)
    raw = predict_out_of_fold(recipe, preprocessor, matrix, label, assign_folds(product, train))
    calibration, uncertainty = learn_tables(product, recipe, train, raw)
    return TrainedPair(
        framework="lightgbm",
        preprocessor=encode_preprocessor(preprocessor),
        models={LIGHTGBM_FILE: model},
        calibration=msgspec.json.encode(calibration, order="deterministic"),
        uncertainty=msgspec.json.encode(uncertainty, order="deterministic"),
        parameters={**told_parameters(recipe), "calibration": recipe.calibration},
    )


def told_parameters(recipe: GradientBoosting) -> dict[str, str]:
    """Return how the model of a recipe is trained, as a run of the registry keeps it."""
    return {**{name: str(value) for name, value in booster_parameters(recipe).items()}, "rounds": str(recipe.rounds)}
