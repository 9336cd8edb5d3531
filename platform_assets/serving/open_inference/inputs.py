"""Input tensors become the body of POST /v1/predict, which has the fast path; an error names the tensor or the row."""

import msgspec

from platform_assets.contract.features import FieldType
from platform_assets.errors import MalformedRequestError
from platform_assets.serving.json_body import read_json
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.open_inference.binary import Buffers, decode_values
from platform_assets.serving.open_inference.wire import Datatype, Element, InferRequest, RequestInput
from platform_assets.serving.row_schema import RowSchema

_DATATYPES: dict[FieldType, Datatype] = {
    "text": "BYTES",
    "number": "FP64",
    "integer": "INT64",
    "boolean": "BOOL",
    "timestamp": "BYTES",
}
_REQUESTS = msgspec.json.Decoder(InferRequest)


def input_datatypes(schema: RowSchema) -> dict[str, Datatype]:
    """Return the datatype of each field of a row, then of each stored feature, by name.

    An instant of a row is ISO 8601 text; a stored feature is a number, an instant among them epoch seconds.
    """
    fields = {field.name: _DATATYPES[field.type] for field in schema.fields.values()}
    return {**fields, **{name: "FP64" for name in schema.stored if name not in fields}}


def read_infer_request(header: bytes) -> InferRequest:
    """Return the JSON object of a request; raises UnreadableBodyError and MalformedRequestError with the path."""
    return read_json(_REQUESTS, header)


def to_predict_body(live: LiveRelease, asked: InferRequest, buffers: Buffers) -> bytes:
    """Return the body of POST /v1/predict with the same rows, where row i holds element i of each tensor.

    Raises MalformedRequestError for tensors that do not fit the model; the heart checks the values.
    """
    columns = _columns(live.schema, asked, buffers)
    buffers.finish()
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    event_at = asked.parameters.event_at if asked.parameters else None
    return msgspec.json.encode({"product": live.product.name, "rows": rows, "event_at": event_at})


def _columns(schema: RowSchema, asked: InferRequest, buffers: Buffers) -> dict[str, list[Element]]:
    datatypes = input_datatypes(schema)
    columns: dict[str, list[Element]] = {}
    for position, tensor in enumerate(asked.inputs):
        where = f"$.inputs[{position}]"
        datatype = _checked_datatype(tensor, datatypes, where)
        if tensor.name in columns:
            raise MalformedRequestError(where=where, problem=f"tensor {tensor.name!r} stands twice")
        count = _checked_count(tensor, schema, where)
        expected = len(next(iter(columns.values()))) if columns else count
        if count != expected:
            problem = f"{count} rows where the tensors before have {expected}"
            raise MalformedRequestError(where=f"{where}.shape", problem=problem)
        columns[tensor.name] = _elements(tensor, datatype, count, buffers, where)
    if not columns:
        raise MalformedRequestError(where="$.inputs", problem=f"no tensor; known: {', '.join(datatypes)}")
    return columns


def _checked_datatype(tensor: RequestInput, datatypes: dict[str, Datatype], where: str) -> Datatype:
    datatype = datatypes.get(tensor.name)
    if datatype is None:
        problem = f"unknown tensor {tensor.name!r}; known: {', '.join(datatypes)}"
        raise MalformedRequestError(where=f"{where}.name", problem=problem)
    if tensor.datatype != datatype:
        problem = f"tensor {tensor.name!r} is {datatype}, got {tensor.datatype!r}"
        raise MalformedRequestError(where=f"{where}.datatype", problem=problem)
    return datatype


def _checked_count(tensor: RequestInput, schema: RowSchema, where: str) -> int:
    """Return the number of rows; a shape that is too large is refused before anything is made of it."""
    count, *others = tensor.shape
    if others not in ([], [1]):
        raise MalformedRequestError(where=f"{where}.shape", problem=f"expected [n] or [n, 1], got {tensor.shape}")
    if not 1 <= count <= schema.max_rows:
        problem = f"{count} rows; 1 to {schema.max_rows} are allowed"
        raise MalformedRequestError(where=f"{where}.shape", problem=problem)
    return count


def _elements(tensor: RequestInput, datatype: Datatype, count: int, buffers: Buffers, where: str) -> list[Element]:
    """Return the elements, None for what is not known: null, NaN and empty text."""
    size = tensor.parameters.binary_data_size if tensor.parameters else None
    if (size is None) == (tensor.data is None):
        raise MalformedRequestError(where=where, problem="give exactly one of data and parameters.binary_data_size")
    if size is None:
        values = _flat(tensor, where)
        if len(values) != count:
            problem = f"{len(values)} elements where the shape says {count}"
            raise MalformedRequestError(where=f"{where}.data", problem=problem)
    else:
        values = decode_values(datatype, buffers.take(size, where), count, where)
    return [None if value == "" else value for value in values]


def _flat(tensor: RequestInput, where: str) -> list[Element]:
    values: list[Element] = []
    for item in tensor.data or ():
        if isinstance(item, list):
            if len(tensor.shape) == 1 or len(item) != 1:
                raise MalformedRequestError(where=f"{where}.data", problem="it is nested deeper than its shape")
            values.append(item[0])
        else:
            values.append(item)
    return values
