"""What the heart needs from the online store, without saying how it is reached."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from platform_assets.clock import epoch_seconds
from platform_assets.contract.ages import is_fresh
from platform_assets.inference.frame import Column
from platform_assets.serving.last_predictions.wire import BatchPlace
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.stored import SnapshotSeen, StoredRows


class BatchPrediction(NamedTuple):
    """The last published batch prediction of an entity.

    `kept_until`, in epoch seconds, is until when its run and its sources are young enough; an earlier platform did not
    tell.
    """

    score: float
    uncertainty: float
    as_of: dt.datetime
    model_version: int
    kept_until: float = math.inf

    def is_fresh(self, event_at: dt.datetime, limit_s: float) -> bool:
        """Tell whether the batch may be acted on at a business instant: young enough by all of its clocks."""
        return is_fresh((event_at - self.as_of).total_seconds(), limit_s) and epoch_seconds(event_at) <= self.kept_until


class LastBatch(NamedTuple):
    """The last published batch predictions of some rows, all from one of the two places that hold them."""

    predictions: Sequence[BatchPrediction | None]
    place: BatchPlace


class FeatureSource(Protocol):
    """Stored features by the columns that hold the join keys."""

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        """Return the stored features of all rows in one round trip; a failure is in the result, never raised."""
        ...

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:
        """Return the snapshot in force; None when there is none or the store is away."""
        ...


class BatchSource(Protocol):
    """Last published batch predictions by row key."""

    async def prepare(self, products: Sequence[str]) -> None:
        """Take in what can answer while the store is away; called about once a second."""
        ...

    async def read(
        self, live: LiveRelease, columns: Mapping[str, Column], *, is_store_away: bool
    ) -> Sequence[BatchPrediction | None]:
        """Return one prediction or None per row; a store that is away is not asked."""
        ...

    async def find(self, live: LiveRelease, columns: Mapping[str, Column]) -> LastBatch:
        """Return one prediction or None per row; raises LastBatchUnavailableError where neither place has the batch."""
        ...
