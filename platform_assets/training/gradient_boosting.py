"""The recipe of LightGBM models: fit, calibrate and learn the uncertainty from out-of-fold predictions."""

import msgspec
import numpy as np

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.guard import guard_scores
from platform_assets.inference.preprocess import encode_preprocessor, fit_preprocessor, to_matrix
from platform_assets.inference.tables import LinearTable
from platform_assets.training.boosting import booster_parameters, fit_booster, predict_out_of_fold
from platform_assets.training.calibration import fit_isotonic, near_season
from platform_assets.training.folds import assign_folds
from platform_assets.training.trained_pair import TrainedPair
from platform_assets.training.uncertainty import fit_uncertainty


def train_gradient_boosting(product: Product, recipe: GradientBoosting, train: Frame) -> TrainedPair:
    """Return the pair of a LightGBM recipe, trained on all rows; calibration and uncertainty are out-of-fold."""
    preprocessor = fit_preprocessor(product, train)
    matrix, label = to_matrix(preprocessor, train), train["label"]
    model = fit_booster(recipe, preprocessor, matrix, label)
    raw = predict_out_of_fold(recipe, preprocessor, matrix, label, assign_folds(product, train))
    calibration, uncertainty = _learn_tables(product, recipe, train, raw)
    parameters = {name: str(value) for name, value in booster_parameters(recipe).items()}
    return TrainedPair(
        framework="lightgbm",
        preprocessor=encode_preprocessor(preprocessor),
        model=model,
        calibration=msgspec.json.encode(calibration, order="deterministic"),
        uncertainty=msgspec.json.encode(uncertainty, order="deterministic"),
        parameters={**parameters, "rounds": str(recipe.rounds), "calibration": recipe.calibration},
    )


def _learn_tables(
    product: Product, recipe: GradientBoosting, train: Frame, raw: Floats
) -> tuple[LinearTable | None, LinearTable | None]:
    near = near_season(train["event_at"], product.split.cutoff, recipe.calibration_days) & np.isfinite(raw)
    label = train["label"]
    calibration = fit_isotonic(raw[near], label[near]) if recipe.calibration == "isotonic" and near.any() else None
    shown = calibration.apply(raw) if calibration else raw
    guarded = guard_scores(product.score, shown)
    used = near & guarded.is_valid
    return calibration, fit_uncertainty(product.score.kind, guarded.score[used], label[used])
