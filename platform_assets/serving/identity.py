"""The ids of online predictions: no two answers share one, and each leads to the partition that holds its log entry."""

import datetime as dt
import hashlib
from collections.abc import Callable

import msgspec

from platform_assets.contract.names import PREDICTION_DIGEST_LENGTH, prediction_id
from platform_assets.serving.call import Call, new_nonce
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.row_types import RowTuple

_DIGEST_BYTES = 16
_ID_BYTES = PREDICTION_DIGEST_LENGTH // 2
_ID_LIMIT = 1 << 8 * _ID_BYTES


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


class FreshIds:
    """Names the rows of calls that nobody repeats: of one release, without a snapshot, for one instant.

    An id covers release, instant and a nonce of the call's own; the rows of a call are counted on from there.
    """

    def __init__(self, live: LiveRelease, event_at: dt.datetime) -> None:
        """Hash what all these calls share."""
        told = (live.release.product, event_at, live.release.release_id, None, None)
        self._shared = hashlib.blake2b(msgspec.msgpack.encode(told), digest_size=_ID_BYTES)
        self._prefix = prediction_id(live.release.product, event_at, "", "online")

    def next_call(self, rows: int) -> list[str]:
        """Return one id per row of the next call, in order."""
        own = self._shared.copy()
        own.update(new_nonce().encode("ascii"))
        if rows == 1:
            return [self._prefix + own.hexdigest()]
        first = int.from_bytes(own.digest(), "big")
        return [f"{self._prefix}{(first + row) % _ID_LIMIT:0{PREDICTION_DIGEST_LENGTH}x}" for row in range(rows)]
