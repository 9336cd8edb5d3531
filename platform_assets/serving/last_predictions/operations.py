"""The operation of the last published predictions, for the description of the endpoint."""

from platform_assets.errors import (
    AccessDeniedError,
    BatchOnlyError,
    LastBatchUnavailableError,
    MalformedRequestError,
    NoReleaseError,
    OutputVersionRetiredError,
    UnknownOutputVersionError,
    UnknownProductError,
)
from platform_assets.serving.last_predictions.row_keys import MAX_ENTITIES
from platform_assets.serving.last_predictions.wire import LastPredictions
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.traffic.operations import VERSION_PARAMETER

_PRODUCT = Parameter(name="product", place="path", description="The product.", names_product=True)
_ENTITIES = Parameter(
    name="entity_id",
    place="query",
    description=f"The entity, 1 to {MAX_ENTITIES} times. A product with more row keys takes each by its own name, "
    "once for each entity or once for all.",
    kind=list[str],
    example=["13085"],
)


def operations() -> tuple[Operation, ...]:
    """Return the one operation."""
    return (
        Operation(
            method="GET",
            path="/v1/predictions/{product}",
            operation_id="last_predictions",
            group="Predictions",
            summary="The last published batch prediction of each entity.",
            description="Nothing is scored. When the online store gives nothing, the endpoint's own copy of the batch "
            "answers, and `source` says so.",
            parameters=(_PRODUCT, _ENTITIES, VERSION_PARAMETER),
            replies={
                200: Reply(description="What is published, and which entities have nothing.", kinds=(LastPredictions,))
            },
            errors=(
                AccessDeniedError,
                MalformedRequestError,
                UnknownProductError,
                BatchOnlyError,
                NoReleaseError,
                LastBatchUnavailableError,
                UnknownOutputVersionError,
                OutputVersionRetiredError,
            ),
        ),
    )
