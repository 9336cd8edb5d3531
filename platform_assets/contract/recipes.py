"""How a model is trained: a closed set of recipes, each pure data."""

from typing import Literal

import msgspec

Objective = Literal["binary", "regression", "regression_l1", "tweedie"]
Calibration = Literal["none", "isotonic"]
Device = Literal["cpu", "auto", "gpu"]


class GradientBoosting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="gradient_boosting"):
    """A LightGBM model; the same data, recipe and seed give the identical model file.

    `calibration_days` limits the isotonic calibration to training rows whose day of the year lies within that many
    days of the cut-off's, so that a seasonal base rate is matched; None takes all rows. `device` is where batch, online
    and replay score: `auto` takes a GPU that works, `gpu` refuses to load without one; their scores differ in the last
    bits from those of the CPU.
    """

    objective: Objective
    rounds: int
    learning_rate: float
    leaves: int
    min_rows_per_leaf: int
    feature_fraction: float = 1.0
    bagging_fraction: float = 1.0
    l2: float = 0.0
    tweedie_power: float = 1.5
    seed: int = 20111209
    calibration: Calibration = "none"
    calibration_days: int | None = None
    device: Device = "cpu"


class SegmentRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named segment: the first rule whose bounds hold names the row. Scores run from 1 (worst) to 5 (best)."""

    name: str
    recency: tuple[int, int] = (1, 5)
    frequency: tuple[int, int] = (1, 5)
    monetary: tuple[int, int] = (1, 5)


class RfmSegments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rfm_segments"):
    """Recency, frequency and monetary quintiles fitted on the training rows, then named by fixed rules.

    The names and their order never change between runs; only the quintile bounds are learned.
    """

    recency: str
    frequency: str
    monetary: str
    rules: tuple[SegmentRule, ...]


class Ensemble(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ensemble"):
    """Several LightGBM models behind one product: a score is the mean of their scores, weighted where `weights` are.

    Each member has its own parameters and seed and is trained on all rows. The mean is what is calibrated, as the score
    of a single model is; a member is not calibrated by itself. `recipe_rules.py` says what a declaration must hold to.
    """

    members: tuple[GradientBoosting, ...]
    weights: tuple[float, ...] | None = None
    calibration: Calibration = "none"
    calibration_days: int | None = None

    @property
    def member_weights(self) -> tuple[float, ...]:
        """How much each member counts, in order; they need not add up to 1."""
        return self.weights if self.weights is not None else (1.0,) * len(self.members)

    @property
    def device(self) -> Device:
        """Where the members score, which is the same for all."""
        return self.members[0].device


Recipe = GradientBoosting | RfmSegments | Ensemble
