"""Buckets of events: the same small fold for what the store holds, for what the batch knows and for a recount."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from platform_assets.contract.streaming import StreamingFeatures

_MINUTE_S = 60
DAY_S = 86_400
MICROS = 1_000_000


class Bucket(NamedTuple):
    """The events of one bucket: how many, the first one's instant, id and measures, and the sums in millionths."""

    events: int
    first_at: float
    first_id: str
    first: tuple[float, ...]
    sums: tuple[int, ...]


# Begin of a bucket, in epoch seconds, to what it holds.
Buckets = dict[int, Bucket]
# The instant of the first event, then its measures.
First = tuple[float, ...]


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What the batch knows of an entity: whatever happened before `closed_until` is in it, or did not count.

    `firsts` holds the first event of each bucket that a feature may look back on.
    """

    closed_until: float
    firsts: dict[int, First]


class CountedEvent(NamedTuple):
    """What an event contributes; `bucket` is None where only its id counts."""

    event_id: str
    at: float
    bucket: int | None
    measures: tuple[float, ...]


_STATES = msgspec.msgpack.Decoder(Buckets)
_BASES = msgspec.msgpack.Decoder(Base)
_ENCODER = msgspec.msgpack.Encoder()


def bucket_of(streaming: StreamingFeatures, at: float) -> int | None:
    """Return the begin of the bucket of an instant in whole seconds, None where the declaration keeps none."""
    width, early = streaming.bucket_minutes * _MINUTE_S, streaming.early_minutes * _MINUTE_S
    label = math.floor((at + early) / width) * width
    minute = label % DAY_S // _MINUTE_S
    return label - early if streaming.first_minute <= minute <= streaming.last_minute else None


def in_millionths(measures: Iterable[float]) -> tuple[int, ...]:
    """Return measures as whole millionths: sums of those do not depend on their order."""
    return tuple(round(measure * MICROS) for measure in measures)


def fold(events: Iterable[CountedEvent]) -> Buckets:
    """Return the buckets of distinct events; the order in which they come makes no difference."""
    buckets: Buckets = {}
    for event in events:
        if event.bucket is None:
            continue
        alone = Bucket(1, event.at, event.event_id, event.measures, in_millionths(event.measures))
        held = buckets.get(event.bucket)
        buckets[event.bucket] = alone if held is None else _joined(held, alone)
    return buckets


def read_state(raw: bytes | None) -> Buckets:
    """Return the buckets of a stored state, none where there is no state."""
    return {} if raw is None else _STATES.decode(raw)


def read_base(raw: bytes | None) -> Base | None:
    """Return what the batch knows of an entity, None where nothing was stored."""
    return None if raw is None else _BASES.decode(raw)


def base_of(streaming: StreamingFeatures, buckets: Buckets, closed_until: float) -> Base:
    """Return what features may look back on from `closed_until` on, for as long as events are kept."""
    kept_s, early_s = streaming.retention_hours * 3600, streaming.early_minutes * _MINUTE_S
    backs = {0, *(days for each in streaming.columns if each.operation == "days_ago" for days in each.back)}
    spans = [(closed_until - days * DAY_S, closed_until + kept_s - (days - 1) * DAY_S) for days in backs]
    firsts = {
        begin: (bucket.first_at, *bucket.first)
        for begin, bucket in buckets.items()
        if any(start - early_s <= begin < end for start, end in spans)
    }
    return Base(closed_until=closed_until, firsts=firsts)


def write_base(base: Base) -> bytes:
    """Return what the batch knows as it is stored."""
    return _ENCODER.encode(base)


def _joined(one: Bucket, other: Bucket) -> Bucket:
    first, later = sorted((one, other), key=lambda bucket: (bucket.first_at, bucket.first_id))
    sums = tuple(a + b for a, b in zip(one.sums, other.sums, strict=True))
    return first._replace(events=first.events + later.events, sums=sums)
