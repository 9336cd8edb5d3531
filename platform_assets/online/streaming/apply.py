"""Applies events to the store: each of them whole, and once however often it comes."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import cast

import redis
import redis.asyncio
from redis.asyncio.client import Pipeline as AsyncPipeline
from redis.client import Pipeline

from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.online.connection import address, store_errors
from platform_assets.online.stream import as_message
from platform_assets.online.streaming.apply_script import APPLY, AppliedAs
from platform_assets.online.streaming.buckets import in_millionths
from platform_assets.online.streaming.events import ReadyEvent, encode_logged
from platform_assets.online.streaming.keys import log_key, seen_key, space_of, state_key

_HOUR_S = 3600
_APPLY_SHA = hashlib.sha1(APPLY.encode(), usedforsecurity=False).hexdigest()
_OUTCOMES: Mapping[bytes, AppliedAs] = {b"accepted": "accepted", b"duplicate": "duplicate", b"too_late": "too_late"}


async def apply_events(
    client: redis.asyncio.Redis, product: str, streaming: StreamingFeatures, events: Sequence[ReadyEvent], *, url: str
) -> list[AppliedAs]:
    """Apply events in one round trip; return what became of each.

    Raises OnlineStoreUnavailableError, after which any of them may be applied: the same events again do no harm.
    """
    if not events:
        return []
    with store_errors(url):
        pipeline = client.pipeline(transaction=False)
        _queue(pipeline, product, streaming, events, is_logged=True)
        return _outcomes(await pipeline.execute())


def apply_again(
    client: redis.Redis, product: str, streaming: StreamingFeatures, events: Sequence[ReadyEvent]
) -> list[AppliedAs]:
    """Apply events that are in the log, which keeps them as they are. Raises as `apply_events` does."""
    if not events:
        return []
    with store_errors(address(client)):
        pipeline = client.pipeline(transaction=False)
        _queue(pipeline, product, streaming, events, is_logged=False)
        return _outcomes(pipeline.execute())


def _queue(
    pipeline: Pipeline | AsyncPipeline,
    product: str,
    streaming: StreamingFeatures,
    events: Sequence[ReadyEvent],
    *,
    is_logged: bool,
) -> None:
    # The script goes first every time: a store that was restarted or flushed knows none.
    pipeline.execute_command("SCRIPT LOAD", APPLY)
    space, retention_s, log = space_of(product, streaming), streaming.retention_hours * _HOUR_S, log_key(product)
    for entity, counted, logged in events:
        bucket = "" if counted.bucket is None else counted.bucket
        content = as_message([encode_logged(logged)]) if is_logged else b""
        keys = (state_key(space, entity), seen_key(space, entity), log)
        told: list[str | float | bytes] = [counted.event_id, repr(counted.at), bucket, retention_s, content]
        told += [*map(repr, counted.measures), *in_millionths(counted.measures)]
        pipeline.evalsha(_APPLY_SHA, len(keys), *keys, *told)


def _outcomes(replies: Sequence[object]) -> list[AppliedAs]:
    return [_OUTCOMES[cast("bytes", reply)] for reply in replies[1:]]
