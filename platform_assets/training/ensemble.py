"""The recipe of ensembles: every member is fitted to the same rows; what is calibrated and judged is their mean."""

import msgspec
import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble
from platform_assets.inference.ensemble_files import member_file
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.preprocess import Preprocessor, encode_preprocessor, fit_preprocessor, to_matrix
from platform_assets.inference.weighted_mean import weighted_mean
from platform_assets.training.boosting import fit_booster, predict_out_of_fold
from platform_assets.training.folds import assign_folds
from platform_assets.training.gradient_boosting import told_parameters
from platform_assets.training.tables import learn_tables
from platform_assets.training.trained_pair import TrainedPair


def train_ensemble(product: Product, recipe: Ensemble, train: Frame) -> TrainedPair:
    """Return the pair of an ensemble, each member trained on all rows; the tables are those of the out-of-fold mean.

    A member is the model, to the byte, that its recipe alone would give.
    """
    preprocessor = fit_preprocessor(product, train)
    matrix, label = to_matrix(preprocessor, train), train["label"]
    models = {
        member_file(position): fit_booster(member, preprocessor, matrix, label)
        for position, member in enumerate(recipe.members)
    }
    raw = _mean_out_of_fold(recipe, preprocessor, matrix, label, assign_folds(product, train))
    calibration, uncertainty = learn_tables(product, recipe, train, raw)
    return TrainedPair(
        framework="lightgbm",
        preprocessor=encode_preprocessor(preprocessor),
        models=models,
        calibration=msgspec.json.encode(calibration, order="deterministic"),
        uncertainty=msgspec.json.encode(uncertainty, order="deterministic"),
        parameters=_parameters(recipe),
    )


def _mean_out_of_fold(
    recipe: Ensemble, preprocessor: Preprocessor, matrix: Floats, label: Floats, folds: npt.NDArray[np.int64]
) -> Floats:
    each = [predict_out_of_fold(member, preprocessor, matrix, label, folds) for member in recipe.members]
    return weighted_mean(each, recipe.member_weights)


def _parameters(recipe: Ensemble) -> dict[str, str]:
    """Return the parameters of all members under names of their own; a registry's parameters are flat."""
    parameters = {
        "ensemble": "mean" if recipe.weights is None else "weighted mean",
        "members": str(len(recipe.members)),
        "calibration": recipe.calibration,
    }
    for number, (member, weight) in enumerate(zip(recipe.members, recipe.member_weights, strict=True), start=1):
        told = {**told_parameters(member), "weight": str(weight)}
        parameters |= {f"member_{number}.{name}": value for name, value in told.items()}
    return parameters
