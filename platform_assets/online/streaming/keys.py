"""The keys of streamed features: one keyspace per product, in one hash slot, that no snapshot ever touches.

What is stored of entities lies under the digest of what makes it what it is: a release that declares other buckets
starts with none, and never reads those of another declaration.
"""

import hashlib

import msgspec

from platform_assets.contract.streaming import StreamingFeatures

GROUP = "appliers"  # the consumer group of the inbox
Space = bytes


def space_of(product: str, streaming: StreamingFeatures) -> Space:
    """Return what the keys of the entities of a product start with, under this declaration."""
    shape = (
        *(streaming.key, streaming.measures, streaming.retention_hours),
        *(streaming.bucket_minutes, streaming.early_minutes, streaming.first_minute, streaming.last_minute),
    )
    digest = hashlib.blake2b(msgspec.json.encode(shape, order="deterministic"), digest_size=4).hexdigest()
    return _key(product, digest)


def state_key(space: Space, entity: str) -> bytes:
    """Return the key of the buckets of an entity that events have filled."""
    return space + b":state:" + entity.encode()


def seen_key(space: Space, entity: str) -> bytes:
    """Return the key of the ids of the events that an entity has had, by their instants."""
    return space + b":seen:" + entity.encode()


def base_key(space: Space, entity: str) -> bytes:
    """Return the key of the buckets of an entity that the batch knows."""
    return space + b":base:" + entity.encode()


def log_key(product: str) -> bytes:
    """Return the key of the stream that holds accepted events until they are in the lake."""
    return _key(product, "log")


def inbox_key(product: str) -> bytes:
    """Return the key of the stream to which producers append events as JSON, field `event`."""
    return _key(product, "in")


def refused_key(product: str) -> bytes:
    """Return the key of the stream that keeps the last events of the inbox that were refused, with the reason."""
    return _key(product, "refused")


def _key(product: str, what: str) -> bytes:
    return f"rt:{{{product}}}:{what}".encode()
