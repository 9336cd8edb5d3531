"""Compares what events told of a closed day with what the batch computes from raw, and lets the batch have its way."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import msgspec

from platform_assets.clock import epoch_seconds, midnight
from platform_assets.contract.product import Product
from platform_assets.contract.streaming import PLUS, StreamingFeatures
from platform_assets.features.batch_events import batch_buckets
from platform_assets.online.connection import connect
from platform_assets.online.streaming.bases import read_states, write_bases
from platform_assets.online.streaming.buckets import DAY_S, Bucket, Buckets, base_of
from platform_assets.online.streaming.keys import space_of
from platform_assets.settings import Settings

Compared = Literal["match", "mismatch", "missing", "extra"]
_MOST_EXAMPLES = 10


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How the buckets of a closed UTC day compare. `missing`: only the batch has them; `extra`: only events told them.

    `entities` is how many the batch now answers for until `closed_until`; `examples` name some that differ.
    """

    day: dt.date
    closed_until: dt.datetime
    entities: int
    match: int
    mismatch: int
    missing: int
    extra: int
    examples: tuple[str, ...]

    @property
    def streamed(self) -> int:
        """How many buckets of the day events have told of."""
        return self.match + self.mismatch + self.extra

    @property
    def agrees(self) -> bool:
        """Whether nothing differs; where no event came there is nothing to compare."""
        return not self.streamed or not (self.mismatch or self.missing or self.extra)


def reconcile(
    settings: Settings, product: Product, streaming: StreamingFeatures, *, as_of: dt.datetime
) -> Reconciliation:
    """Compare the UTC day that closed before the as-of, then store what the batch knows for the endpoint to begin from.

    Raises NotMaterializedError, InvalidProductError, OnlineStoreUnavailableError; a repeat does the same.
    """
    closed_until = midnight(as_of.date())
    batch = batch_buckets(settings, product, streaming, as_of=as_of)
    space, end = space_of(product.name, streaming), int(epoch_seconds(closed_until))
    with connect(settings.online_url) as client:
        states = read_states(client, space)
        bases = {entity: base_of(streaming, batch.get(entity, {}), float(end)) for entity in {*batch, *states}}
        write_bases(client, space, bases)
    found = _compare(streaming, states, batch, end)
    kinds = Counter(found.values())
    examples = sorted(f"{kind}: {where}" for where, kind in found.items() if kind != "match")
    return Reconciliation(
        day=closed_until.date() - dt.timedelta(days=1),
        closed_until=closed_until,
        entities=len(bases),
        match=kinds["match"],
        mismatch=kinds["mismatch"],
        missing=kinds["missing"],
        extra=kinds["extra"],
        examples=tuple(examples[:_MOST_EXAMPLES]),
    )


def _compare(
    streaming: StreamingFeatures, states: Mapping[str, Buckets], batch: Mapping[str, Buckets], end: int
) -> dict[str, Compared]:
    is_counted = any(each.operation in PLUS for each in streaming.columns)
    found: dict[str, Compared] = {}
    for entity in sorted({*states, *batch}):
        told, known = _of_day(streaming, states.get(entity, {}), end), _of_day(streaming, batch.get(entity, {}), end)
        for begin in sorted({*told, *known}):
            where = f"{entity} at {dt.datetime.fromtimestamp(begin, dt.UTC):%Y-%m-%d %H:%M}"
            found[where] = _kind(told.get(begin), known.get(begin), is_counted=is_counted)
    return found


def _of_day(streaming: StreamingFeatures, buckets: Buckets, end: int) -> Buckets:
    early_s = streaming.early_minutes * 60
    return {begin: bucket for begin, bucket in buckets.items() if end - DAY_S <= begin + early_s < end}


def _kind(told: Bucket | None, known: Bucket | None, *, is_counted: bool) -> Compared:
    if told is None:
        return "missing"
    if known is None:
        return "extra"
    is_equal = (told.first_at, told.first) == (known.first_at, known.first)
    if is_counted:  # the first event is told apart by its id, which the batch has none of
        is_equal = (told.events, told.sums) == (known.events, known.sums)
    return "match" if is_equal else "mismatch"
