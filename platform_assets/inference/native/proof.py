"""The proof that comes before the first request: rows that seek the edges of a model, and not one bit may differ."""

from random import Random

import numpy as np

from platform_assets.errors import EngineFailedError
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.model_text import ModelText
from platform_assets.inference.predictor import Predictor

_ROWS = 400
_NEAR, _ODD = 0.6, 0.1  # the shares of values near a decision and of odd ones
_WORD_BITS = 32
# Zero and LightGBM's bound of it from both sides, numbers without a place among the others, codes that are none.
_EDGE = float(np.float32(1e-35))
_ODD_VALUES = (
    *(np.nan, 0.0, -0.0, np.inf, -np.inf, 1e300, -1e300, 5e-324, 1e-40, -1e-40),
    *(sign * float(np.nextafter(_EDGE, side)) for sign in (1, -1) for side in (0.0, _EDGE, 1.0)),
    *(-0.5, -1.0, 0.5, 2.7, 31.0, 32.0, 1e9, 2.0**31 - 1, 2.0**31, 2.0**32 + 1, 1e19),
)


def probe_rows(model: ModelText) -> Floats:
    """Return rows [400, inputs]: values around the model's own thresholds and codes, odd ones and all magnitudes."""
    chance = Random(0)  # noqa: S311 - the same rows every time; numpy's generators would load half a dozen modules
    kinds, choices, sizes = (_uniform(chance, model.inputs) for _ in range(3))
    rows = (choices - 0.5) * 10.0 ** np.floor(sizes * 10.0 - 3.0)
    for feature in range(model.inputs):
        edges, near = _edges(model, feature), kinds[:, feature] < _NEAR
        rows[near, feature] = edges[(choices[near, feature] * len(edges)).astype(np.int64)]
    odd = kinds > 1.0 - _ODD
    rows[odd] = np.array(_ODD_VALUES)[(choices[odd] * len(_ODD_VALUES)).astype(np.int64)]
    return rows


def _uniform(chance: Random, columns: int) -> Floats:
    return np.array([chance.random() for _ in range(_ROWS * columns)]).reshape(_ROWS, columns)


def require_equal_bits(engine: Predictor, reference: Predictor, rows: Floats) -> None:
    """Score rows with both, together and one at a time; raises EngineFailedError when a bit differs."""
    expected = reference.predict(rows)
    together = engine.predict(rows)
    alone = np.concatenate([engine.predict(row[np.newaxis]) for row in rows])
    differing = (together.view(np.int64) != expected.view(np.int64)) | (alone.view(np.int64) != expected.view(np.int64))
    if differing.any():
        reason = f"{int(differing.sum())} of {len(rows)} scores differ in bits from those of {reference.engine}"
        raise EngineFailedError(engine=engine.engine, device=engine.device, reason=reason)


def _edges(model: ModelText, feature: int) -> Floats:
    """Return what a feature is compared with and its neighbours, or its codes and some that are unknown."""
    mine = model.feature == feature
    by_set = mine & (model.decision & 1 != 0)
    limits = model.threshold[mine & ~by_set & np.isfinite(model.threshold)]
    most_words = int(model.set_length.max(initial=0))
    codes = np.arange((most_words + 1) * _WORD_BITS if by_set.any() else 1, dtype=np.float64)
    return np.concatenate([limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf), codes])
