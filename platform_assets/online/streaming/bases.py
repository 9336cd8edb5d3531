"""What the batch side reads and writes of streamed features: the states of all entities, and what the batch knows."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar, cast

import redis

from platform_assets.online.connection import address, store_errors
from platform_assets.online.streaming.apply_script import KEPT_S
from platform_assets.online.streaming.buckets import Base, Buckets, read_state, write_base
from platform_assets.online.streaming.keys import Space, base_key, state_key

_AT_ONCE = 500
T = TypeVar("T")


def write_bases(client: redis.Redis, space: Space, bases: Mapping[str, Base]) -> int:
    """Store what the batch knows of each entity, in place of what it knew before; return how many there are.

    Raises OnlineStoreUnavailableError; a repeat completes what was begun.
    """
    with store_errors(address(client)):
        for part in _parts(bases.items()):
            pipeline = client.pipeline(transaction=False)
            for entity, base in part:
                pipeline.set(base_key(space, entity), write_base(base), ex=KEPT_S)
            pipeline.execute()
    return len(bases)


def read_states(client: redis.Redis, space: Space) -> dict[str, Buckets]:
    """Return what events have told of every entity; raises OnlineStoreUnavailableError."""
    states: dict[str, Buckets] = {}
    prefix = state_key(space, "")
    with store_errors(address(client)):
        keys = cast("Iterator[bytes]", client.scan_iter(match=_escaped(prefix) + b"*", count=1_000))
        for part in _parts(keys):
            raw = cast("list[bytes | None]", client.mget(part))
            told = zip(part, raw, strict=True)
            states |= {key[len(prefix) :].decode(): read_state(state) for key, state in told if state is not None}
    return states


def _parts(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while part := list(islice(left, _AT_ONCE)):
        yield part


def _escaped(text: bytes) -> bytes:
    for special in b"\\", b"*", b"?", b"[", b"]":
        text = text.replace(special, b"\\" + special)
    return text
