"""The operations under /v2. Each one of a model exists twice: for the live version, and for a named one."""

from collections.abc import Iterator

from platform_assets.errors import BatchOnlyError, NoReleaseError, UnknownModelVersionError, UnknownProductError
from platform_assets.serving.open_inference.wire import (
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
)
from platform_assets.serving.openapi.endpoint_operations import PREDICTION_ERRORS
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.traffic.operations import CALL_HEADERS
from platform_assets.serving.wire_problem import Problem

_GROUP = "Open Inference Protocol"
_MODEL = Parameter(name="model", place="path", description="The product.", names_product=True)
_VERSION = Parameter(name="version", place="path", description="The version of its model; only the live one answers.")
_MODEL_ERRORS = (UnknownProductError, BatchOnlyError, UnknownModelVersionError)


class InferenceProblem(Problem, frozen=True, kw_only=True):
    """A problem with the member `error` that the protocol asks for."""

    error: str


def operations() -> tuple[Operation, ...]:
    """Return the operations of the protocol."""
    of_live = _of_model("/v2/models/{model}", "", (_MODEL,))
    of_version = _of_model("/v2/models/{model}/versions/{version}", "_version", (_MODEL, _VERSION))
    return (*_of_server(), *of_live, *of_version)


def _of_server() -> Iterator[Operation]:
    yield Operation(
        method="GET",
        path="/v2",
        operation_id="inference_server",
        group=_GROUP,
        summary="What the server is and which extensions it speaks.",
        replies={200: Reply(description="The server.", kinds=(ServerMetadata,))},
    )
    yield Operation(
        method="GET",
        path="/v2/health/live",
        operation_id="inference_live",
        group=_GROUP,
        summary="Does the process answer?",
        replies={200: Reply(description="It does.", kinds=(Live,))},
    )
    yield Operation(
        method="GET",
        path="/v2/health/ready",
        operation_id="inference_ready",
        group=_GROUP,
        summary="Can every released product be answered?",
        replies={
            200: Reply(description="Yes.", kinds=(Ready,)),
            503: Reply(description="No.", kinds=(Ready,)),
        },
    )


def _of_model(path: str, suffix: str, parameters: tuple[Parameter, ...]) -> Iterator[Operation]:
    yield Operation(
        method="GET",
        path=path,
        operation_id=f"inference_model{suffix}",
        group=_GROUP,
        summary="The tensors of a model.",
        parameters=parameters,
        replies={200: Reply(description="The model.", kinds=(ModelMetadata,))},
        errors=(*_MODEL_ERRORS, NoReleaseError),
        problem=InferenceProblem,
    )
    yield Operation(
        method="GET",
        path=f"{path}/ready",
        operation_id=f"inference_model_ready{suffix}",
        group=_GROUP,
        summary="Does a model answer?",
        parameters=parameters,
        replies={
            200: Reply(description="It does.", kinds=(ModelReady,)),
            503: Reply(description="Its only release failed.", kinds=(ModelReady,)),
        },
        errors=_MODEL_ERRORS,
        problem=InferenceProblem,
    )
    yield Operation(
        method="POST",
        path=f"{path}/infer",
        operation_id=f"inference_infer{suffix}",
        group=_GROUP,
        summary="Predict for rows, as tensors.",
        description="One input tensor per field of a row. Tensors may travel as bytes behind the JSON object too, with "
        "the header Inference-Header-Content-Length.",
        parameters=(*parameters, *CALL_HEADERS),
        request=InferRequest,
        replies={
            200: Reply(
                description="The outputs; as bytes where the request asks for binary data.",
                kinds=(InferResponse,),
                other_media=("application/octet-stream",),
            )
        },
        errors=(*PREDICTION_ERRORS, UnknownModelVersionError),
        problem=InferenceProblem,
    )
