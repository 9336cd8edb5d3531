"""Makes the score reference of a bundle from the examples that the pair was trained and judged on."""

import numpy as np
import numpy.typing as npt

from platform_assets.inference.frame import Floats
from platform_assets.inference.score_reference import ScoreReference
from platform_assets.statistics.quantiles import evenly_ranked

_SIZE = 512
_LEAST_ROWS = 50  # a month of fewer examples tells no base rate
_Instants = npt.NDArray[np.datetime64]


def make_reference(scores: Floats, *, labels: Floats, as_of: _Instants) -> ScoreReference | None:
    """Return the reference: `scores` of the training rows, labels and as-ofs of training and test rows.

    None when no score is finite. The same arguments give the same reference.
    """
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return None
    rates = _monthly_means(labels, as_of)
    return ScoreReference(
        rows=int(finite.size),
        scores=tuple(evenly_ranked(finite, _SIZE).tolist()),
        base_rate=float(labels.mean()),
        base_rate_low=float(rates.min()),
        base_rate_high=float(rates.max()),
    )


def _monthly_means(labels: Floats, as_of: _Instants) -> Floats:
    _, month = np.unique(as_of.astype("datetime64[M]"), return_inverse=True)
    rows = np.bincount(month)
    means: Floats = np.bincount(month, weights=labels) / rows
    told = means[rows >= _LEAST_ROWS]
    return told if told.size else np.array([labels.mean()])
