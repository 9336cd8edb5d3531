"""The answers of the heart become output tensors, as JSON or as bytes behind it."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.open_inference.binary import encode_values
from platform_assets.serving.open_inference.wire import (
    BinarySize,
    Datatype,
    Element,
    InferRequest,
    InferResponse,
    RequestOutput,
    ResponseOutput,
    ResponseParameters,
)
from platform_assets.serving.wire import Answer, Answers

# Each is the member of an answer that has its name: wire.Answer says what it means.
OUTPUTS: dict[str, Datatype] = {
    "score": "FP64",
    "label": "BYTES",
    "uncertainty": "FP64",
    "is_valid": "BOOL",
    "action_allowed": "BOOL",
    "is_stale": "BOOL",
    "fallback": "BYTES",
    "reason": "BYTES",
    "missing_features": "BYTES",
    "entity_id": "BYTES",
    "prediction_id": "BYTES",
    "as_of": "BYTES",
    "age_seconds": "FP64",
    "max_age_seconds": "FP64",
    "model_version": "INT64",
    "output_schema_version": "INT64",
    "release_id": "BYTES",
    "cache_hit": "BOOL",
}


def wanted_outputs(asked: InferRequest) -> dict[str, bool]:
    """Return the outputs in the order of the request, and whether each travels as bytes.

    Raises MalformedRequestError for an unknown output. Ask before scoring: what is refused must not be journalled.
    """
    default = asked.parameters.binary_data_output if asked.parameters else False
    if not asked.outputs:
        return dict.fromkeys(OUTPUTS, default)
    wanted = {}
    for position, output in enumerate(asked.outputs):
        if output.name not in OUTPUTS:
            problem = f"unknown output {output.name!r}; known: {', '.join(OUTPUTS)}"
            raise MalformedRequestError(where=f"$.outputs[{position}].name", problem=problem)
        wanted[output.name] = _is_binary(output, default=default)
    return wanted


def encode_response(
    answers: Answers, wanted: dict[str, bool], *, model_version: int, caller_id: str | None
) -> tuple[bytes, bytes]:
    """Return the JSON object of the answers and the bytes behind it."""
    outputs, buffers = [], []
    for name, is_binary in wanted.items():
        output, buffer = _output(name, answers.predictions, is_binary=is_binary)
        outputs.append(output)
        buffers.append(buffer)
    response = InferResponse(
        model_name=answers.product,
        model_version=str(model_version),
        id=caller_id,
        parameters=_shared(answers),
        outputs=outputs,
    )
    return msgspec.json.encode(response), b"".join(buffers)


def _is_binary(output: RequestOutput, *, default: bool) -> bool:
    chosen = output.parameters.binary_data if output.parameters else None
    return default if chosen is None else chosen


def _output(name: str, answers: Sequence[Answer], *, is_binary: bool) -> tuple[ResponseOutput, bytes]:
    datatype, shape = OUTPUTS[name], (len(answers),)
    values = [_element(datatype, getattr(answer, name)) for answer in answers]
    if not is_binary:
        return ResponseOutput(name=name, datatype=datatype, shape=shape, data=values), b""
    buffer = encode_values(datatype, values)
    size = BinarySize(binary_data_size=len(buffer))
    return ResponseOutput(name=name, datatype=datatype, shape=shape, parameters=size), buffer


def _element(datatype: Datatype, value: Element | dt.datetime | tuple[str, ...]) -> Element:
    """Return a value as the tensor takes it; text that is not known is empty, a number that is not known stays None."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None and datatype == "BYTES" else value


def _shared(answers: Answers) -> ResponseParameters:
    first = answers.predictions[0]
    return ResponseParameters(
        request_id=answers.request_id,
        release_id=answers.release_id,
        event_at=first.event_at.isoformat(),
        engine=first.engine,
        device=first.device,
        latency_ms=answers.latency_ms,
    )
