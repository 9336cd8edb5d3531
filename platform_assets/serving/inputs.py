"""What a call brings to the model: its rows with their stored features, and which views those came from."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from msgspec import UNSET

from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import Column, Floats
from platform_assets.serving.cache.keys import Scope
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.row_types import RowTuple
from platform_assets.serving.rows import Rows, columns_of
from platform_assets.serving.stored import Flags, StoredRows, view_slices
from platform_assets.serving.streamed import Names, refreshed


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Rows ready to be judged, of one call or of several.

    `features` [rows, stored columns] hold what the caller sent, else what the store gave, else NaN. `needed`, `found`
    and `event_times` are [rows, views]: a view whose every column was sent is not needed. `event_at` [rows] is the
    instant that each row stands for, in epoch seconds. Per row, `as_of` is the instant of the snapshot that was read,
    `scopes` what a cached score must share, and `failures` say why the store gave nothing at all. `streamed` names what
    events gave of the features of each row of one call, None where they gave nothing.
    """

    fields: list[RowTuple]
    features: Floats
    needed: Flags
    found: Flags
    event_times: Floats
    has_sent: Flags
    event_at: Floats
    as_of: list[dt.datetime | None]
    scopes: list[Scope]
    failures: list[Reason | None]
    streamed: Names | None = None

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.fields)

    def frame(self, live: LiveRelease) -> dict[str, Column]:
        """Return the frame that scoring takes: request fields, stored features and `event_at`."""
        frame = columns_of(live.schema, self.fields)
        columns = self.features.T
        frame.update({name: columns[position] for name, position in live.schema.stored.items()})
        frame["event_at"] = self.event_at
        return frame


def inputs_of(live: LiveRelease, rows: Rows, stored: StoredRows, event_at: float) -> Inputs:
    """Return the inputs of one call."""
    count = len(rows.fields)
    streamed = None
    if stored.streamed is not None:
        stored, streamed = refreshed(stored, event_at)
    features, needed, has_sent = _merged(live, rows, stored)
    return Inputs(
        fields=rows.fields,
        features=features,
        needed=needed,
        found=stored.found,
        event_times=stored.event_times,
        has_sent=has_sent,
        event_at=np.full(count, event_at),
        as_of=[stored.snapshot.as_of if stored.snapshot else None] * count,
        scopes=[live.scope(stored.snapshot)] * count,
        failures=[stored.failure] * count,
        streamed=streamed,
    )


def joined(calls: Sequence[Inputs]) -> Inputs:
    """Return the inputs of several calls one after the other."""
    if len(calls) == 1:
        return calls[0]
    return Inputs(
        fields=[row for call in calls for row in call.fields],
        features=np.concatenate([call.features for call in calls]),
        needed=np.concatenate([call.needed for call in calls]),
        found=np.concatenate([call.found for call in calls]),
        event_times=np.concatenate([call.event_times for call in calls]),
        has_sent=np.concatenate([call.has_sent for call in calls]),
        event_at=np.concatenate([call.event_at for call in calls]),
        as_of=[as_of for call in calls for as_of in call.as_of],
        scopes=[scope for call in calls for scope in call.scopes],
        failures=[failure for call in calls for failure in call.failures],
    )


def _merged(live: LiveRelease, rows: Rows, stored: StoredRows) -> tuple[Floats, Flags, Flags]:
    count, n_views = stored.found.shape
    if rows.stored is None:
        return stored.values, _flags(count, n_views, value=True), _flags(count, value=False)
    if not rows.needs_lookup:
        features = np.array(rows.stored, dtype=np.float64)  # None becomes NaN
        return features, _flags(count, n_views, value=False), _flags(count, value=True)
    return _partly_sent(live, rows.stored, stored)


@lru_cache(maxsize=256)
def _flags(*shape: int, value: bool) -> Flags:
    """Return equal flags; they are shared and cannot be written to."""
    flags = np.full(shape, value)
    flags.setflags(write=False)
    return flags


def _partly_sent(live: LiveRelease, sent: Sequence[RowTuple], stored: StoredRows) -> tuple[Floats, Flags, Flags]:
    is_sent = np.array([[value is not UNSET for value in row] for row in sent])
    values = np.array([[None if value is UNSET else value for value in row] for row in sent], dtype=np.float64)
    needed = np.stack([~is_sent[:, part].all(axis=1) for part in view_slices(live.product)], axis=1)
    merged: Floats = np.where(is_sent, values, stored.values)
    has_sent: Flags = np.any(is_sent, axis=1)
    return merged, needed, has_sent
