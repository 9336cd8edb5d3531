"""The interval of a share whose rows come in groups: rows of one entity are not independent of each other."""

import math

import numpy as np
import numpy.typing as npt

from platform_assets.statistics.bootstrap import Interval
from platform_assets.statistics.distances import Floats

_Z = 1.959964  # the normal quantile of 0.975


def share_interval(hits: Floats, entities: npt.NDArray[np.object_]) -> Interval:
    """Return the mean of zeros and ones with its 95 % Wilson interval; NaN without rows.

    Rows of one entity that agree count as fewer: the number of rows is divided by how much more the sums per entity
    vary than those of independent rows would. Where all rows agree nothing varies, and each entity counts once.
    """
    rows = len(hits)
    if not rows:
        return Interval(math.nan, math.nan, math.nan)
    share = float(hits.mean())
    size = _independent_rows(hits - share, entities, share)
    middle = (share + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    half = _Z / (1 + _Z**2 / size) * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def _independent_rows(residuals: Floats, entities: npt.NDArray[np.object_], share: float) -> float:
    codes = np.unique(entities.astype(str), return_inverse=True)[1].reshape(-1)
    groups, rows = int(codes.max()) + 1, len(residuals)
    if share in {0.0, 1.0} or groups == 1:
        return float(groups)
    sums = np.bincount(codes, residuals, minlength=groups)
    varied = float((sums**2).sum()) * groups / (groups - 1)
    alone = rows * share * (1 - share)
    # Never more than the rows: that groups happen to balance each other is chance.
    return min(float(rows), max(rows * alone / varied, 1.0)) if varied else float(rows)
