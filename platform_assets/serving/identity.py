"""The id of an online prediction: no two answers share one, and it leads to the partition that holds its log entry."""

import hashlib
from collections.abc import Mapping

import msgspec

from platform_assets.contract.names import prediction_id
from platform_assets.serving.call import Call
from platform_assets.serving.values import Scalar


def online_prediction_id(call: Call, row_keys: Mapping[str, str], request: Mapping[str, Scalar], position: int) -> str:
    """Return the id of one row of a call, over everything that the answer was made from and a nonce of the call."""
    told = (
        call.live.release.product,
        row_keys,
        call.event_at,
        call.live.release.release_id,
        call.snapshot.snapshot_id if call.snapshot else None,
        request,
        call.nonce,
        position,
    )
    digest = hashlib.blake2b(msgspec.msgpack.encode(told, order="deterministic"), digest_size=16).hexdigest()
    return prediction_id(call.live.release.product, call.event_at, digest, "online")
