"""Calibration and uncertainty of a pair, learned from the out-of-fold predictions of its model or models."""

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.guard import guard_scores
from platform_assets.inference.tables import LinearTable
from platform_assets.training.calibration import fit_isotonic, near_season
from platform_assets.training.uncertainty import fit_uncertainty


def learn_tables(
    product: Product, recipe: GradientBoosting | Ensemble, train: Frame, raw: Floats
) -> tuple[LinearTable | None, LinearTable | None]:
    """Return calibration and uncertainty of `raw`, one out-of-fold score per training row; None where there is none."""
    near = near_season(train["event_at"], product.split.cutoff, recipe.calibration_days) & np.isfinite(raw)
    label = train["label"]
    calibration = fit_isotonic(raw[near], label[near]) if recipe.calibration == "isotonic" and near.any() else None
    shown = calibration.apply(raw) if calibration else raw
    guarded = guard_scores(product.score, shown)
    used = near & guarded.is_valid
    return calibration, fit_uncertainty(product.score.kind, guarded.score[used], label[used])
