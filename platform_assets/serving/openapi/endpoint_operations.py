"""The operations of the endpoint's own routes: predictions, products, health and metrics."""

from platform_assets.errors import (
    AccessDeniedError,
    BatchOnlyError,
    BodyTooLargeError,
    LoopbackOnlyError,
    MalformedRequestError,
    NoReleaseError,
    OutputVersionRetiredError,
    OutputVersionUnavailableError,
    OverloadedError,
    UnknownOutputVersionError,
    UnknownProductError,
    UnreadableBodyError,
)
from platform_assets.serving.health import Alive, Health, Readiness
from platform_assets.serving.model_parameter import PARAMETER
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.traffic.operations import CALL_HEADERS
from platform_assets.serving.wire import Answers, Name, SingleAnswer
from platform_assets.serving.wire_products import Catalogue, ProductSeen

# What every route that predicts may end in, whatever its protocol.
PREDICTION_ERRORS = (
    UnreadableBodyError,
    MalformedRequestError,
    BodyTooLargeError,
    AccessDeniedError,
    UnknownProductError,
    BatchOnlyError,
    NoReleaseError,
    OverloadedError,
    UnknownOutputVersionError,
    OutputVersionRetiredError,
    OutputVersionUnavailableError,
)
_PRODUCT = Parameter(name="name", place="path", description="The product.", names_product=True)
_MODEL = Parameter(
    name=PARAMETER,
    place="query",
    description="The product of a body that names none.",
    kind=Name,
    names_product=True,
)
_UNREADY = "Some released product cannot be answered, or nothing is released."


def operations() -> tuple[Operation, ...]:
    """Return the operations in the order in which people read them."""
    return (*_predictions(), *_products(), *_health())


def _predictions() -> tuple[Operation, ...]:
    return (
        Operation(
            method="POST",
            path="/v1/predict",
            operation_id="predict",
            group="Predictions",
            summary="Predict for entities, for rows, or for one row.",
            description="The release in force answers, or a new one that is on its way its share; each row names its "
            "own. A store or engine that is away ends in the declared fallback, which the answer names, never in an "
            "error.",
            parameters=(*CALL_HEADERS, _MODEL),
            forms=("entities", "rows", "single"),
            replies={
                200: Reply(
                    description="One answer per row; the single form is answered by one object.",
                    kinds=(Answers, SingleAnswer),
                )
            },
            errors=PREDICTION_ERRORS,
        ),
    )


def _products() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/v1/products",
            operation_id="products",
            group="Products",
            summary="The contract and the freshness of every product.",
            replies={200: Reply(description="Every product with a live release.", kinds=(Catalogue,))},
        ),
        Operation(
            method="GET",
            path="/v1/products/{name}",
            operation_id="product",
            group="Products",
            summary="The contract and the freshness of one product.",
            parameters=(_PRODUCT,),
            replies={200: Reply(description="The product as it is served.", kinds=(ProductSeen,))},
            errors=(UnknownProductError,),
        ),
        Operation(
            method="POST",
            path="/v1/products/{name}/reload",
            operation_id="reload",
            group="Products",
            summary="Take the released version at once; for callers on this machine.",
            parameters=(_PRODUCT,),
            replies={200: Reply(description="The product as it is served now.", kinds=(ProductSeen,))},
            errors=(LoopbackOnlyError, UnknownProductError),
        ),
    )


def _health() -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/livez",
            operation_id="livez",
            group="Health",
            summary="Does the process answer?",
            replies={200: Reply(description="It does.", kinds=(Alive,))},
        ),
        Operation(
            method="GET",
            path="/readyz",
            operation_id="readyz",
            group="Health",
            summary="May traffic come?",
            replies={
                200: Reply(description="It may.", kinds=(Readiness,)),
                503: Reply(description=_UNREADY, kinds=(Readiness,)),
            },
        ),
        Operation(
            method="GET",
            path="/health",
            operation_id="health",
            group="Health",
            summary="The state of every product and component.",
            replies={
                200: Reply(description="Ready; the body tells what is degraded.", kinds=(Health,)),
                503: Reply(description=_UNREADY, kinds=(Health,)),
            },
        ),
        Operation(
            method="GET",
            path="/metrics",
            operation_id="metrics",
            group="Health",
            summary="Metrics for Prometheus.",
            replies={200: Reply(description="The text format of Prometheus.", kinds=(str,), media_type="text/plain")},
        ),
    )
