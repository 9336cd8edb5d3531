"""What travels over HTTP about events, as typed structs."""

from typing import Annotated, Literal

import msgspec

from platform_assets.online.streaming.events import RefusedAs, Scalar
from platform_assets.serving.json_body import read_json

MAX_EVENTS = 1000


class EventsSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/events/{product}.

    Each event has `event_id`, `event_at`, the key of its entity and the fields that the product declares.
    """

    events: Annotated[list[dict[str, Scalar]], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


class EventTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event; `why` and `problem` are null where it was not refused."""

    event_id: str
    status: Literal["accepted", "duplicate", "refused"]
    why: RefusedAs | None
    problem: str | None


class EventsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all events, in the order in which they were sent."""

    product: str
    accepted: int
    duplicates: int
    refused: int
    events: list[EventTaken]


_DECODER = msgspec.json.Decoder(EventsSent)


def read_events_sent(body: bytes) -> EventsSent:
    """Return the events of a body; raises UnreadableBodyError (400), MalformedRequestError (422) with the path."""
    return read_json(_DECODER, body)
