"""How much each input contributes to a score: Shapley values of the trees (TreeSHAP), as LightGBM computes them.

They add up, with the baseline, to the *margin*: what the trees sum up before the link function (the log-odds of a
`binary` model, the logarithm of a `tweedie` one, the estimate itself of a `regression`). Link, calibration and guard
come after it. Both links are increasing, so an input that raises the margin raises the model output.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from platform_assets.contract.recipes import Ensemble, RfmSegments
from platform_assets.errors import DigestMismatchError, NotExplainableError
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.ensemble_files import members_of
from platform_assets.inference.frame import Floats
from platform_assets.inference.lightgbm_booster import CONTRIBUTIONS, Booster
from platform_assets.inference.pair import LIGHTGBM_FILE
from platform_assets.inference.weighted_mean import weighted_mean


@dataclass(frozen=True, slots=True)
class Contributions:
    """Per row: what each input adds [rows, inputs], and the baseline [rows] that a row without any input would have."""

    by_input: Floats
    baseline: Floats

    @property
    def margin(self) -> Floats:
        """What they add up to."""
        total: Floats = self.baseline + self.by_input.sum(axis=1)
        return total


class Explainer:
    """Computes the contributions of a model, or of the members of an ensemble, in any thread.

    Those of an ensemble are the weighted means of its members' and add up to the weighted mean of their margins. The
    score of an ensemble is the mean after the link, so for it they say which way inputs push, not exactly how far.
    """

    def __init__(self, texts: Sequence[bytes], weights: Sequence[float]) -> None:
        """Load the models; raises ModelUnusableError."""
        self._boosters = [Booster(text) for text in texts]
        self._weights = tuple(weights)

    def explain(self, matrix: Floats) -> Contributions:
        """Return the contributions to the scores of a matrix [rows, inputs]; a row has the same ones in any company."""
        if not len(matrix):
            return Contributions(np.empty(matrix.shape), np.empty(0))
        each = [_of_member(booster, matrix) for booster in self._boosters]
        values = each[0] if len(each) == 1 else weighted_mean(each, self._weights)
        return Contributions(values[:, :-1], values[:, -1])


def load_explainer(bundle: Bundle) -> Explainer:
    """Return the explainer of a bundle, from the very files that score.

    Raises NotExplainableError for a model without trees, DigestMismatchError for a file that has changed since the
    bundle was loaded.
    """
    recipe = bundle.product.recipe
    if isinstance(recipe, RfmSegments):
        raise NotExplainableError(product=bundle.product.name, reason="its model is made of rules, not trees")
    if not isinstance(recipe, Ensemble):
        return Explainer([_verified(bundle, LIGHTGBM_FILE)], (1.0,))
    members = members_of(recipe)
    return Explainer([_verified(bundle, member.file) for member in members], [member.weight for member in members])


def _of_member(booster: Booster, matrix: Floats) -> Floats:
    values = np.empty((len(matrix), booster.inputs + 1), dtype=np.float64)
    booster.predict_into(np.ascontiguousarray(matrix, dtype=np.float64), values, kind=CONTRIBUTIONS)
    return values


def _verified(bundle: Bundle, name: str) -> bytes:
    path: Path = bundle.directory / name
    content = path.read_bytes()
    actual, expected = hashlib.sha256(content).hexdigest(), bundle.manifest.files[name]
    if actual != expected:
        raise DigestMismatchError(path=str(path), expected=expected, actual=actual)
    return content
