"""Stored features of a request's rows, in the order of the declaration, and how old they are."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from platform_assets.contract.prediction_log import Reason
from platform_assets.contract.product import Product
from platform_assets.inference.frame import Floats
from platform_assets.serving.streamed_view import Streamed

Flags = npt.NDArray[np.bool_]
_MOST_KEPT_ROWS = 32


class SnapshotSeen(NamedTuple):
    """The one snapshot that all rows of a request were read from; `epoch` counts the moves of its pointer."""

    snapshot_id: str
    as_of: dt.datetime
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """What the online store gave: `values` [rows, stored columns], `event_times` and `found` [rows, views].

    Missing numbers are NaN. `failure` says why nothing was read at all; then every `found` is false. `streamed` is what
    events told of the entities, None where the release takes in none.
    """

    values: Floats
    event_times: Floats
    found: Flags
    snapshot: SnapshotSeen | None
    failure: Reason | None = None
    streamed: Streamed | None = None


class Ages(NamedTuple):
    """Age and limit of the view that is closest to its limit, per row; NaN where no view was found."""

    age_s: Floats
    max_age_s: Floats
    is_stale: Flags


def nothing_stored(product: Product, count: int, *, failure: Reason | None = None) -> StoredRows:
    """Return rows without any stored feature."""
    views = product.features.views
    blank = _blank if count <= _MOST_KEPT_ROWS else _blank.__wrapped__
    values, event_times, found = blank(count, sum(len(use.columns) for use in views), len(views))
    return StoredRows(values=values, event_times=event_times, found=found, snapshot=None, failure=failure)


@lru_cache(maxsize=64)
def _blank(count: int, n_columns: int, n_views: int) -> tuple[Floats, Floats, Flags]:
    """Return arrays that say nothing; they are shared and cannot be written to."""
    blanks = (
        np.full((count, n_columns), np.nan),
        np.full((count, n_views), np.nan),
        np.zeros((count, n_views), np.bool_),
    )
    for array in blanks:
        array.setflags(write=False)
    return blanks


def feature_ages(event_times: Floats, limits_s: Floats, event_at: Floats | float) -> Ages:
    """Return the ages at `event_at` (one, or [rows, 1]) of views [rows, views] against their limits [views], in s."""
    ages = event_at - event_times
    if ages.shape[1] == 1:  # the common case, at a tenth of the cost
        age = ages[:, 0]
        return Ages(age, np.where(np.isnan(age), np.nan, limits_s[0]), age > limits_s[0])
    used = np.where(np.isnan(ages), -np.inf, ages / limits_s)
    worst = np.argmax(used, axis=1)[:, np.newaxis]
    age = np.take_along_axis(ages, worst, axis=1)[:, 0]
    limit = np.where(np.isnan(age), np.nan, limits_s[worst[:, 0]])
    return Ages(age, limit, age > limit)


def unknown_ages(count: int) -> Ages:
    """Return the ages of rows for which no view was read."""
    return Ages(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=np.bool_))


def view_slices(product: Product) -> tuple[slice, ...]:
    """Return where the columns of each feature view lie among the stored columns."""
    slices, start = [], 0
    for use in product.features.views:
        slices.append(slice(start, start + len(use.columns)))
        start += len(use.columns)
    return tuple(slices)
