"""Identifies the rows of a model's matrix, so that a replay can tell whether the model saw the same numbers."""

import hashlib

import numpy as np

from platform_assets.inference.frame import Floats

_DIGEST_BYTES = 8


def matrix_digests(matrix: Floats) -> list[str]:
    """Return 16 hex digits per row of a matrix [rows, inputs]: equal ones mean equal bits, every NaN being the same."""
    canonical = np.where(np.isnan(matrix), np.nan, matrix).astype("<f8", copy=False)
    width, raw = canonical.shape[1] * 8, canonical.tobytes()
    starts = range(0, len(canonical) * width, width or 1)
    return [hashlib.blake2b(raw[start : start + width], digest_size=_DIGEST_BYTES).hexdigest() for start in starts]
