"""The ids of online predictions: no two answers share one, and each leads to the partition that holds its log entry."""

import hashlib
from collections.abc import Callable

import msgspec

from platform_assets.contract.names import PREDICTION_DIGEST_LENGTH, prediction_id
from platform_assets.serving.call import Call
from platform_assets.serving.row_types import RowTuple

_DIGEST_BYTES = 16


def prediction_ids(call: Call) -> Callable[[int, RowTuple], str]:
    """Return what names the rows of a call, by position and content.

    An id covers release, snapshot, instant and the nonce of the call, and the row's place and fields: a repeated call
    with the same nonce gives the same ids, any other call gives others.
    """
    release, snapshot = call.live.release, call.snapshot
    told = (
        release.product,
        call.event_at,
        release.release_id,
        snapshot.snapshot_id if snapshot else None,
        snapshot.epoch if snapshot else None,
        call.nonce,
    )
    shared = hashlib.blake2b(msgspec.msgpack.encode(told), digest_size=_DIGEST_BYTES)
    prefix = prediction_id(release.product, call.event_at, "", "online")

    def name(position: int, row: RowTuple) -> str:
        own = shared.copy()
        own.update(msgspec.msgpack.encode((position, row)))
        return prefix + own.hexdigest()[:PREDICTION_DIGEST_LENGTH]

    return name
