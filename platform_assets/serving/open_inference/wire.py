"""What travels under /v2: the JSON objects of the standard as typed structs.

Members and parameters that are not named here are ignored, as the standard allows.
"""

from typing import Annotated, Literal

import msgspec

from platform_assets.serving.limits import MAX_NAME_LENGTH, MAX_TEXT_LENGTH

Datatype = Literal["BOOL", "INT64", "FP64", "BYTES"]
Element = str | float | int | bool | None
Size = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
Id = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_LENGTH)]


class InputParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`binary_data_size`: the tensor lies behind the JSON object, with that many bytes."""

    binary_data_size: Size | None = None


class RequestInput(msgspec.Struct, frozen=True, kw_only=True):
    """One input tensor, of shape [n] or [n, 1]; `data` may be flat or nested as the shape says."""

    name: Name
    shape: Annotated[list[Size], msgspec.Meta(min_length=1, max_length=2)]
    datatype: Name
    parameters: InputParameters | None = None
    data: list[Element | list[Element]] | None = None


class OutputParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`binary_data` overrides `binary_data_output` of the request for one output."""

    binary_data: bool | None = None


class RequestOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output that is wanted."""

    name: Name
    parameters: OutputParameters | None = None


class RequestParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`event_at` is the instant that the rows stand for, as ISO 8601 text; `binary_data_output` of all outputs."""

    binary_data_output: bool = False
    event_at: Name | None = None


class InferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request of an inference: one tensor per field; without `outputs` all outputs are returned."""

    inputs: list[RequestInput]
    id: Id | None = None
    parameters: RequestParameters | None = None
    outputs: list[RequestOutput] | None = None


class BinarySize(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that an output lies behind the JSON object, with that many bytes."""

    binary_data_size: int


class ResponseOutput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One output tensor of shape [n]; a number that is not known is null in JSON and NaN in binary data."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    parameters: BinarySize | None = None
    data: list[Element] | None = None


class ResponseParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows of an answer share."""

    request_id: str
    release_id: str
    event_at: str
    engine: str
    device: str
    latency_ms: float


class InferResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of an inference; `id` is the caller's."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: ResponseParameters
    outputs: list[ResponseOutput]


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What GET /v2 tells."""

    name: str
    version: str
    extensions: tuple[str, ...]


class TensorParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`is_required` tells whether a request must hold the tensor."""

    is_required: bool
    description: str


class TensorMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input or output; -1 stands for the number of rows."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    parameters: TensorParameters | None = None


class ModelMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What GET /v2/models/{model} tells."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The server answers."""

    live: bool = True


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every released product can be answered; the standard's text names the member `live`."""

    live: bool
    ready: bool


class ModelReady(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one model answers."""

    name: str
    ready: bool
