"""The operations of the aliases, marked as deprecated."""

from typing import Any

from platform_assets.errors import RouteRetiredError
from platform_assets.serving.aliases.requests import EntitiesRequest, EntityRequest, PayloadRequest
from platform_assets.serving.openapi.endpoint_operations import PREDICTION_ERRORS
from platform_assets.serving.openapi.operation import Form, Operation, Reply
from platform_assets.serving.traffic.operations import CALL_HEADERS
from platform_assets.serving.wire import Answers, SingleAnswer

_HEADERS = {
    "Deprecation": "Since when the route is deprecated (RFC 9745).",
    "Sunset": "When the route ends (RFC 8594).",
    "Link": "The route that replaces it.",
}


def operations() -> tuple[Operation, ...]:
    """Return the operations of the aliases."""
    return (
        _alias("/predict", "predict_alias", PayloadRequest, ("entities", "rows", "single")),
        _alias("/predict/feast", "predict_entity_alias", EntityRequest, ("entities",)),
        _alias("/predict/feast/batch", "predict_entities_alias", EntitiesRequest, ("entities",)),
    )


def _alias(path: str, operation_id: str, request: Any, forms: tuple[Form, ...]) -> Operation:  # noqa: ANN401 - a type
    return Operation(
        method="POST",
        path=path,
        operation_id=operation_id,
        group="Deprecated",
        summary="An older name of POST /v1/predict.",
        parameters=CALL_HEADERS,
        forms=forms,
        request=request,
        replies={200: Reply(description="As of POST /v1/predict.", kinds=(Answers, SingleAnswer))},
        errors=(*PREDICTION_ERRORS, RouteRetiredError),
        headers=_HEADERS,
        is_deprecated=True,
    )
