"""What of a release's stored features events refresh, and what was told of the entities of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.online.layout import Manifest
from platform_assets.online.streaming.buckets import Base, Buckets, read_base, read_state
from platform_assets.online.streaming.keys import Space, base_key, space_of, state_key


@dataclass(frozen=True, slots=True)
class StreamedView:
    """Where it lies: the key set and the view of the release, and the columns with their positions."""

    streaming: StreamingFeatures
    space: Space
    key_set: int
    view: int
    columns: tuple[tuple[str, int], ...]


class Told(NamedTuple):
    """What events and the batch told of one entity, as it was stored at the moment when the snapshot was read."""

    state: Buckets
    base: Base | None


class Streamed(NamedTuple):
    """What was told of the entities of some rows, and which of the entities each row has."""

    view: StreamedView
    told: Sequence[Told]
    entity_of_row: Sequence[int]


def streamed_view(product: Product, layout: Manifest) -> StreamedView | None:
    """Return what events refresh in a release; None where it declares nothing, or its view has another key."""
    streaming = product.online.streaming if product.online else None
    if streaming is None:
        return None
    stored, views = product.stored_columns, [use.view for use in product.features.views]
    for key_set in layout.key_sets:
        if key_set.join_keys == streaming.key and streaming.view in {view.name for view in key_set.views}:
            columns = tuple((name, stored.index(name)) for name in streaming.refreshed)
            space = space_of(product.name, streaming)
            return StreamedView(streaming, space, key_set.number, views.index(streaming.view), columns)
    return None


def entities_of(keys: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct entities of some rows, and which of them each row has."""
    places: dict[str, int] = {}
    rows = [places.setdefault(key, len(places)) for key in keys]
    return list(places), rows


def keys_beside(view: StreamedView, entities: Sequence[str]) -> list[bytes]:
    """Return the keys to read beside the snapshot: two for each entity."""
    return [key for each in entities for key in (state_key(view.space, each), base_key(view.space, each))]


def read_told(raw: Sequence[bytes | None]) -> list[Told]:
    """Return what was told of each entity; raises msgspec.DecodeError for bytes that are none of ours."""
    return [
        Told(read_state(state), read_base(base) if state else None)
        for state, base in zip(raw[::2], raw[1::2], strict=True)
    ]
