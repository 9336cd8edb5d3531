"""LightGBM, deterministic: the same matrix, labels and recipe give the same model text."""

from typing import Any

import numpy as np

from platform_assets.contract.recipes import GradientBoosting
from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.preprocess import Preprocessor
from platform_assets.training.folds import NEVER_HELD_OUT

# Two threads wait for each other at every split: on two cores that other work keeps busy one model took 2.8 to 8 s
# with two threads and 1.2 s with one. The trees are the same.
THREADS = 1


def booster_parameters(recipe: GradientBoosting) -> dict[str, Any]:
    """Return the LightGBM parameters of a recipe."""
    parameters: dict[str, Any] = {
        "objective": recipe.objective,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.min_rows_per_leaf,
        "feature_fraction": recipe.feature_fraction,
        "bagging_fraction": recipe.bagging_fraction,
        "bagging_freq": int(recipe.bagging_fraction < 1.0),
        "lambda_l2": recipe.l2,
        "seed": recipe.seed,
        "deterministic": True,
        "force_row_wise": True,  # the choice by timing would differ between runs
        "num_threads": THREADS,
        "verbosity": -1,
    }
    if recipe.objective == "tweedie":
        parameters["tweedie_variance_power"] = recipe.tweedie_power
    return parameters


def fit_booster(recipe: GradientBoosting, preprocessor: Preprocessor, matrix: Floats, label: Floats) -> bytes:
    """Return the text of a trained model."""
    import lightgbm  # noqa: PLC0415 - drags in pandas and scikit-learn

    data = lightgbm.Dataset(
        matrix,
        label,
        feature_name=list(preprocessor.names),
        categorical_feature=preprocessor.category_positions,
        free_raw_data=True,
    )
    booster = lightgbm.train(booster_parameters(recipe), data, num_boost_round=recipe.rounds)
    return booster.model_to_string(num_iteration=-1).encode()


def predict_out_of_fold(
    recipe: GradientBoosting, preprocessor: Preprocessor, matrix: Floats, label: Floats, folds: "np.ndarray"
) -> Floats:
    """Return for each row the prediction of a model that never saw its fold; NaN for rows that are never held out."""
    predicted = np.full(len(label), np.nan)
    for fold in np.unique(folds[folds != NEVER_HELD_OUT]):
        held_out = folds == fold
        text = fit_booster(recipe, preprocessor, matrix[~held_out], label[~held_out])
        predicted[held_out] = LightGbmPredictor(text).predict(matrix[held_out])
    return predicted
