"""The operation that takes events, for the description of the endpoint."""

from platform_assets.errors import (
    AccessDeniedError,
    BodyTooLargeError,
    MalformedRequestError,
    NoEventsError,
    NoReleaseError,
    OnlineStoreUnavailableError,
    UnknownProductError,
    UnreadableBodyError,
)
from platform_assets.serving.events.routes import EVENTS_PATH
from platform_assets.serving.events.wire import EventsSent, EventsTaken
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply

_EXAMPLE = {"events": [{"event_id": "9f2c-17", "event_at": "2016-12-19T12:28:11Z"}]}


def operations() -> tuple[Operation, ...]:
    """Return the one operation."""
    return (
        Operation(
            method="POST",
            path=EVENTS_PATH,
            operation_id="send_events",
            group="Products",
            summary="Let events refresh the stored features of a product.",
            description="Each event has `event_id`, `event_at`, the key of its entity and the fields that the product "
            "declares. An event counts once however often it is sent. One that is wrong, too late or ahead of the "
            "clock is refused by itself. A 503 acknowledges nothing: send all of them again.",
            parameters=(Parameter(name="product", place="path", description="The product.", names_product=True),),
            request=EventsSent,
            examples={"one event": _EXAMPLE},
            replies={200: Reply(description="What became of each event.", kinds=(EventsTaken,))},
            errors=(
                UnreadableBodyError,
                MalformedRequestError,
                BodyTooLargeError,
                AccessDeniedError,
                UnknownProductError,
                NoReleaseError,
                NoEventsError,
                OnlineStoreUnavailableError,
            ),
        ),
    )
