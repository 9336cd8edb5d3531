"""The last published batch prediction of each row key, from an online snapshot of its own or from its copy on disk."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np

from platform_assets.clock import from_epoch
from platform_assets.contract.names import last_batch_service
from platform_assets.contract.product import Product
from platform_assets.errors import LastBatchUnavailableError, OnlineStoreError
from platform_assets.inference.frame import Column, Floats
from platform_assets.online.reader import OnlineReader
from platform_assets.serving.batch_copies import BatchCopies
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.sources import BatchPrediction, LastBatch
from platform_assets.serving.store_features import failure_of, key_texts
from platform_assets.serving.stored import Flags

BATCH_COLUMNS = ("score", "uncertainty", "as_of", "model_version")
VERSION_COLUMN, UNTIL_COLUMN = "output_schema_version", "kept_until"


class StoreBatches:
    """Reads the service `<product>_last_batch`: one key set, the row keys; the columns are `BATCH_COLUMNS`.

    A batch of another version of the output means something else: where `VERSION_COLUMN` says so, it is not given.
    `UNTIL_COLUMN` says until when run and sources are young enough. A snapshot of an earlier platform may lack either.
    """

    def __init__(self, reader: OnlineReader, copies: BatchCopies) -> None:
        """Take the reader, whose budget bounds every call, and the copies for when the store is away."""
        self._reader = reader
        self._copies = copies

    async def prepare(self, products: Sequence[str]) -> None:
        """Take in the newest copies of these products."""
        await asyncio.to_thread(self._copies.prepare, products)

    async def read(
        self, live: LiveRelease, columns: Mapping[str, Column], *, is_store_away: bool
    ) -> Sequence[BatchPrediction | None]:
        """Return one prediction or None per row; a store that is away is not asked a second time."""
        keys = key_texts(columns, live.schema.row_keys)
        if not is_store_away:
            try:
                return await self._stored(live, keys)
            except OnlineStoreError:
                pass  # the copy on disk is the next best
        copied = self._copied(live, keys)
        return [None] * len(keys) if copied is None else copied

    async def find(self, live: LiveRelease, columns: Mapping[str, Column]) -> LastBatch:
        """Return one prediction or None per row, and which place has them.

        Raises LastBatchUnavailableError where neither place has the batch: then nothing is known of any row.
        """
        keys = key_texts(columns, live.schema.row_keys)
        try:
            return LastBatch(await self._stored(live, keys), "online_store")
        except OnlineStoreError as error:
            copied = self._copied(live, keys)
            if copied is None:
                raise LastBatchUnavailableError(product=live.product.name, reason=failure_of(error)) from error
            return LastBatch(copied, "endpoint_copy")

    async def _stored(self, live: LiveRelease, keys: list[str]) -> Sequence[BatchPrediction | None]:
        read = await self._reader.read(last_batch_service(live.product.name), [keys])
        return _predictions(live.product, read.manifest.columns, read.matrix(), read.found[0])

    def _copied(self, live: LiveRelease, keys: list[str]) -> Sequence[BatchPrediction | None] | None:
        copied = self._copies.find(last_batch_service(live.product.name), keys)
        return None if copied is None else _predictions(live.product, copied[0], copied[1].values, copied[1].found)


def _predictions(
    product: Product, names: tuple[str, ...], matrix: Floats, found: Flags
) -> Sequence[BatchPrediction | None]:
    if not set(BATCH_COLUMNS) <= set(names):
        return [None] * len(matrix)
    values = matrix[:, [names.index(name) for name in BATCH_COLUMNS]]
    score = values[:, 0]
    # A batch passed its guardrails, but its range may be that of an older contract.
    is_usable = found & (score >= product.score.low) & (score <= product.score.high)
    is_usable &= np.isfinite(values[:, 2]) & np.isfinite(values[:, 3])
    if VERSION_COLUMN in names:
        is_usable &= matrix[:, names.index(VERSION_COLUMN)] == product.score.schema_version
    until = matrix[:, names.index(UNTIL_COLUMN)] if UNTIL_COLUMN in names else np.full(len(matrix), np.inf)
    return [
        BatchPrediction(row[0], row[1], from_epoch(row[2]), int(row[3]), kept_until) if usable else None
        for row, usable, kept_until in zip(values.tolist(), is_usable.tolist(), until.tolist(), strict=True)
    ]
