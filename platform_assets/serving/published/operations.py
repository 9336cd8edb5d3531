"""The operation of the published batch."""

from platform_assets.errors import (
    AccessDeniedError,
    MalformedRequestError,
    NothingPublishedError,
    UnknownOutputVersionError,
)
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.published.routes import ARROW, PUBLISHED_PATH

_HEADERS = {
    "X-Release-Id": "The release that made the batch.",
    "X-Output-Version": "The version of the contract that the rows keep.",
    "X-As-Of": "The instant that the batch stands for.",
    "X-Valid-Until": "From then on, in business time, the batch is stale.",
    "X-Age-Seconds": "The age of the batch now.",
    "X-Is-Stale": "Whether the batch is older than was promised.",
    "X-Action-Allowed": "Whether machines may act on the valid rows.",
}


def operations() -> tuple[Operation, ...]:
    """Return the one operation."""
    told = "; ".join(f"`{name}`: {text}" for name, text in _HEADERS.items())
    return (
        Operation(
            method="GET",
            path=PUBLISHED_PATH,
            operation_id="published",
            group="Products",
            summary="The published batch of a product as an Arrow file.",
            description="The file can be asked for in ranges, and by `If-None-Match` only if it is another batch than "
            f"the caller has. Its headers tell how old it is. {told}",
            parameters=(Parameter(name="name", place="path", description="The product.", names_product=True),),
            replies={
                200: Reply(description="The whole file.", kinds=(bytes,), media_type=ARROW),
                206: Reply(description="The range that was asked for.", kinds=(bytes,), media_type=ARROW),
                304: Reply(description="The caller has this batch."),
                416: Reply(description="The file has no such range."),
            },
            errors=(AccessDeniedError, NothingPublishedError, UnknownOutputVersionError, MalformedRequestError),
        ),
    )
