"""The recipe of the segments: learn the quintile bounds, keep the declared rules."""

import msgspec
import numpy as np

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import RfmSegments
from platform_assets.errors import EmptyTrainingSetError
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.pair import SEGMENTS_FILE
from platform_assets.inference.predict_segments import Quintiles, SegmentModel
from platform_assets.inference.preprocess import Preprocessor, encode_preprocessor, fit_preprocessor, to_matrix
from platform_assets.training.trained_pair import TrainedPair

_SHARES = (0.2, 0.4, 0.6, 0.8)
_NONE = b"null"


def train_rfm_segments(product: Product, recipe: RfmSegments, train: Frame) -> TrainedPair:
    """Return the segment pair; it has neither calibration nor uncertainty."""
    preprocessor = fit_preprocessor(product, train)
    matrix = to_matrix(preprocessor, train)
    model = SegmentModel(
        recency=_quintiles(product, preprocessor, matrix, recipe.recency),
        frequency=_quintiles(product, preprocessor, matrix, recipe.frequency),
        monetary=_quintiles(product, preprocessor, matrix, recipe.monetary),
        rules=recipe.rules,
    )
    bounds = {name: str(getattr(model, name).bounds) for name in ("recency", "frequency", "monetary")}
    return TrainedPair(
        framework="rfm_segments",
        preprocessor=encode_preprocessor(preprocessor),
        models={SEGMENTS_FILE: msgspec.json.encode(model, order="deterministic")},
        calibration=_NONE,
        uncertainty=_NONE,
        parameters=bounds,
    )


def _quintiles(product: Product, preprocessor: Preprocessor, matrix: Floats, column: str) -> Quintiles:
    position = preprocessor.names.index(column)
    values = matrix[:, position]
    values = values[np.isfinite(values)]
    if not values.size:
        raise EmptyTrainingSetError(product=product.name, reason=f"column {column!r} has no value")
    first, second, third, fourth = np.quantile(values, _SHARES).tolist()
    return Quintiles(column=column, position=position, bounds=(first, second, third, fourth))
