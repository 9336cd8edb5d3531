"""Features computed at the moment of scoring, by the same functions in training, batch and online.

Every operation works element by element in IEEE arithmetic, so one row and many rows give the same bits.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from platform_assets.contract.features import OnDemand, OnDemandOperation
from platform_assets.errors import MissingInputError
from platform_assets.inference.frame import Column, Floats, Frame

_DAY_S, _HOUR_S, _HALF_HOUR_S, _MINUTE_S = 86_400.0, 3_600.0, 1_800.0, 60.0
_EPOCH_WEEKDAY = 3.0  # 1970-01-01 was a Thursday; Monday is 0


def apply_on_demand(
    features: Sequence[OnDemand], frame: Frame, *, known_only: bool = False, product: str | None = None
) -> dict[str, Column]:
    """Return the frame with the on-demand features added, in declared order.

    With `known_only` a feature whose inputs are not all present is left out (join keys are computed before the stored
    features are looked up); without it, an absent input raises MissingInputError.
    """
    columns = dict(frame)
    for feature in features:
        missing = next((name for name in feature.inputs if name not in columns), None)
        if missing is None:
            with np.errstate(all="ignore"):  # an infinite input may give NaN: the guard speaks, not a warning
                columns[feature.name] = _OPERATIONS[feature.operation](*(columns[name] for name in feature.inputs))
        elif not known_only:
            raise MissingInputError(column=missing, product=product or feature.name)
    return columns


def days_between(later: Floats, earlier: Floats) -> Floats:
    """Return the days from the second instant to the first."""
    return (later - earlier) / _DAY_S


def minutes_between(later: Floats, earlier: Floats) -> Floats:
    """Return the minutes from the second instant to the first."""
    return (later - earlier) / _MINUTE_S


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, missing where the denominator is 0."""
    return numerator / np.where(denominator == 0.0, np.nan, denominator)


def difference(first: Floats, second: Floats) -> Floats:
    """Return the first less the second."""
    return first - second


def hour_of_day(instant: Floats) -> Floats:
    """Return the UTC hour, 0 to 23."""
    return np.floor(np.mod(instant, _DAY_S) / _HOUR_S)


def day_of_week(instant: Floats) -> Floats:
    """Return the UTC weekday, 0 (Monday) to 6."""
    return np.mod(np.floor(instant / _DAY_S) + _EPOCH_WEEKDAY, 7.0)


def half_hour_slot(instant: Floats) -> Floats:
    """Return the half hour of the UTC day, 0 to 47."""
    return np.floor(np.mod(instant, _DAY_S) / _HALF_HOUR_S)


def log1p(value: Floats) -> Floats:
    """Return log(1 + value), missing at -1 and below.

    The scalar function is used on purpose: numpy's vector version may round differently by machine.
    """
    return np.array([math.log1p(item) if item > -1.0 else math.nan for item in value.tolist()], dtype=np.float64)


_OPERATIONS: dict[OnDemandOperation, Callable[..., Floats]] = {
    "days_between": days_between,
    "minutes_between": minutes_between,
    "ratio": ratio,
    "difference": difference,
    "hour_of_day": hour_of_day,
    "day_of_week": day_of_week,
    "half_hour_slot": half_hour_slot,
    "log1p": log1p,
}
