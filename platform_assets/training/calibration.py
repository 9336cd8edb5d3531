"""Calibration: an isotonic table from out-of-fold predictions, so that a score may be read as a rate."""

import datetime as dt

import numpy as np
import numpy.typing as npt

from platform_assets.inference.frame import Floats
from platform_assets.inference.tables import LinearTable

_DAY_S = 86_400.0
_YEAR_DAYS = 365.2425
_BINS, _MIN_ROWS = 50, 50


def near_season(event_at: Floats, cutoff: dt.date, days: int | None) -> npt.NDArray[np.bool_]:
    """Return the rows whose day of the year lies within that many days of the cut-off's; all rows for None."""
    if days is None:
        return np.ones(len(event_at), dtype=np.bool_)
    at_cutoff = (cutoff - dt.date(1970, 1, 1)).days
    phase = np.mod(event_at / _DAY_S - at_cutoff, _YEAR_DAYS)
    near: npt.NDArray[np.bool_] = np.minimum(phase, _YEAR_DAYS - phase) <= days
    return near


def fit_isotonic(raw: Floats, label: Floats) -> LinearTable:
    """Return the increasing table that maps raw probabilities to observed rates.

    Isotonic regression over equal-count bins, one knot per pool at its mean, straight lines between and to (0, 0) and
    (1, 1). The plain step function would tie scores within a step and so lose some of the model's order.
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - heavy

    order = np.argsort(raw, kind="stable")
    bins = [part for part in np.array_split(order, min(_BINS, max(len(raw) // _MIN_ROWS, 1))) if part.size]
    rows = np.array([len(part) for part in bins], dtype=np.float64)
    means = np.array([raw[part].mean() for part in bins])
    rates = np.array([label[part].mean() for part in bins])
    pooled = IsotonicRegression(y_min=0.0, y_max=1.0).fit(means, rates, sample_weight=rows).predict(means)
    knots = {0.0: 0.0}
    for rate in np.unique(pooled):
        pool = pooled == rate
        knots[float((means[pool] * rows[pool]).sum() / rows[pool].sum())] = float(rate)
    knots[1.0] = 1.0
    return LinearTable(x=tuple(sorted(knots)), y=tuple(knots[x] for x in sorted(knots)))
